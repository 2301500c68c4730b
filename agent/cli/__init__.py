"""The `discover` command.

Exit status: 0 success, 1 a run failed or a replay differs, 2 bad usage or input, 130 interrupted.
"""

import errno
import io
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any

PROGRAM = "discover"
LIBRARIES = ("OPENBLAS", "OMP", "MKL")
"""Of linear algebra. On the small matrices of a search, several threads of theirs take longer than one, and give other
last digits on another machine."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its status."""
    for library in LIBRARIES:
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # of a terminal that cannot show R²
            stream.reconfigure(errors="backslashreplace")
    try:
        os.getcwd()
    except FileNotFoundError:
        sys.exit(complain("The current folder does not exist any more; change to another one.", 2))
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        from typer import TyperException
        from typer.main import get_command

        from lawsmith.agent.cli.arguments import arranged, complaint
        from lawsmith.agent.cli.commands import app

        command: Any = get_command(app)
        asked = given if "_DISCOVER_COMPLETE" in os.environ else arranged(given, command)
        status = command.main(args=asked, prog_name=PROGRAM, standalone_mode=False) or 0
        if sys.stdout is not None:  # closed by `>&-`
            sys.stdout.flush()
    except KeyboardInterrupt:  # first: the name that the next line asks for may not be there yet
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C again ends the wait for threads
        status = 130
    except TyperException as error:
        status = complain(complaint(error, given, command.commands), error.exit_code)
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.ENOSPC):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1 if error.errno == errno.EPIPE else complain("The output cannot be written: the disk is full.", 1)
    except ValueError as error:
        from lawsmith.tasks import InputError

        if not isinstance(error, InputError):
            raise
        status = complain(error.args[0], 2)
    sys.exit(status)


def complain(message: str, status: int) -> int:
    """Print one sentence on stderr and return the exit status that goes with it."""
    from lawsmith.runs.quoting import visible_lines

    print(f"{PROGRAM}: {visible_lines(message)}", file=sys.stderr)
    return status
