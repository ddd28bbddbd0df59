"""The commands: thin faces of the package, one file a group. They need the extra `[cli]`."""

from __future__ import annotations

import logging
import os
import sys

__all__ = ["main"]

INTERRUPTED = 130
"""The exit code of what Ctrl-C ended, as shells have it."""
CUT_OFF = 141
"""The exit code of what lost the reader of its output, such as `head`, as shells have it."""

_OF_THE_EXTRA = {"typer", "rich"}


def main() -> None:
    """Run the command line.

    Exits with 0, with 1 for an error, 2 for wrong usage, 75 where the day's calls are used up, 130 for an interrupt and
    141 where nobody reads the output.
    """
    try:
        from .app import app

        # What the limiter warns of is on the board.
        logging.getLogger("xero_async.pacing").setLevel(logging.ERROR)
        try:
            app(prog_name="xero-async")
        finally:
            sys.stdout.flush()
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in _OF_THE_EXTRA:
            raise
        print('The commands need an extra of the package: pip install "xero_async[cli]"', file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # What is still in the buffer has nowhere to go, and is not to be tried again at the exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(CUT_OFF)
