"""The commands: thin faces of the package, one file a group. They need the extra `[cli]`."""

from __future__ import annotations

import logging
import sys

__all__ = ["main"]

INTERRUPTED = 130
"""The exit code of what Ctrl-C ended, as shells have it."""

_OF_THE_EXTRA = {"typer", "rich"}


def main() -> None:
    """Run the command line. Exits with 0, with 1 for an error, 2 for wrong usage and 130 for an interrupt."""
    try:
        from .app import app

        # What the limiter warns of is on the board.
        logging.getLogger("xero_async.pacing").setLevel(logging.ERROR)
        app(prog_name="xero-async")
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in _OF_THE_EXTRA:
            raise
        print('The commands need an extra of the package: pip install "xero_async[cli]"', file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
