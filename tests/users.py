"""Requests that another user of this machine makes."""

import os
import subprocess
from urllib.parse import urlsplit

import pytest

NOBODY = 65534  # the id of a user without rights


def for_users(test: object) -> object:
    """Call the test with an `user`, and whether it has to be `served`."""
    only = pytest.mark.skipif(os.getuid() != 0, reason="only root can act for another user")
    return only(pytest.mark.parametrize(("user", "served"), [(0, True), (NOBODY, False)])(test))


def first_line(url: str, user: int) -> str:
    """The first line that a server answers to a GET by this user; nothing where it hangs up."""
    at = urlsplit(url)
    asked = f"GET {at.path} HTTP/1.1\\r\\nHost: {at.netloc}\\r\\n\\r\\n"
    line = f"exec 3<>/dev/tcp/{at.hostname}/{at.port}; printf '{asked}' >&3; timeout 20 head -1 <&3"
    return subprocess.run(["bash", "-c", line], user=user, capture_output=True, text=True, check=False).stdout
