"""Running a command's coroutine: what ends it becomes one sentence and an exit code, never a traceback."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, NoReturn

import typer

from ..wire.errors import InvalidArgument, XeroError
from . import CUT_OFF, INTERRUPTED

__all__ = ["FAILED", "LATER", "MISUSED", "CommandError", "printable", "run"]

FAILED, MISUSED, TERMINATED = 1, 2, 143
LATER = 75
"""What can go on, but not now: the code that `sysexits.h` has for it, after which a scheduler may try again."""


class CommandError(Exception):
    """What a command cannot do, in a sentence, with its exit code."""

    def __init__(self, sentence: str, code: int = FAILED) -> None:
        super().__init__(sentence)
        self.code = code


def run(main: Coroutine[Any, Any, None], goes_on: str = "") -> None:
    """Run a command to its end. An interrupt or a SIGTERM cancels it, so that it can clear away behind it.

    `goes_on` is added to the word of an interrupt: what has become of the work.
    """
    try:
        asyncio.run(_until_terminated(main))
    except KeyboardInterrupt:
        _leave(f"interrupted{goes_on}", INTERRUPTED)
    except asyncio.CancelledError:
        _leave(f"terminated{goes_on}", TERMINATED)
    except CommandError as error:
        _leave(str(error), error.code)
    except BrokenPipeError:
        raise typer.Exit(CUT_OFF) from None
    except (XeroError, OSError) as error:
        sentence = "; ".join([str(error) or type(error).__name__, *getattr(error, "__notes__", ())])
        _leave(sentence, MISUSED if isinstance(error, InvalidArgument) else FAILED)


async def _until_terminated(main: Coroutine[Any, Any, None]) -> None:
    task = asyncio.current_task()
    assert task is not None
    with suppress(NotImplementedError):  # Windows, where a terminated process gets no signal
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await main


def _leave(sentence: str, code: int) -> NoReturn:
    print(f"xero-async: {printable(sentence)}", file=sys.stderr)
    raise typer.Exit(code)


def printable(text: str) -> str:
    """Text from elsewhere on one line, without what a terminal would obey."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
