"""Who opened a connection to this machine's loopback address, as the kernel tells."""

import os
from pathlib import Path

CONNECTIONS = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
"""What the kernel tells of connections: IPv4's, and those of IPv6, whose addresses end like those of IPv4."""
ESTABLISHED = "01"
"""A connection's state there while a process holds it; afterwards it belongs to nobody."""


def is_own(there: int, here: int) -> bool:
    """Whether our own user or root holds port `there` of 127.0.0.1, connected to `here`, a port of this process."""
    ends = [f"0100007F:{port:04X}" for port in (there, here)]
    tables = [path for path in CONNECTIONS if path.exists()]
    rows = [line.split() for path in tables for line in path.read_text().splitlines()]
    held = (row for row in rows if row[3] == ESTABLISHED and row[1].endswith(ends[0]) and row[2].endswith(ends[1]))
    return next((int(row[7]) for row in held), None) in (0, os.getuid())
