"""Where something stands in a file, and how what is wrong there is told."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Generic, NamedTuple, TypeVar

from ...models import Model
from ...wire.errors import InvalidArgument

__all__ = ["Located", "did_you_mean", "refuse"]

M = TypeVar("M", bound=Model)


class Located(NamedTuple, Generic[M]):
    """A record, and where it begins."""

    line: int
    """Its first line in the file, or the number of its row in a Parquet file, from 1."""
    record: M


def refuse(file: str, line: int, column: str | None, sentence: str, *, of: str = "line") -> InvalidArgument:
    """The error for what cannot be read: it names file, line and column, and what to do."""
    place = f"{file}, {of} {line}" + (f", {column}" if column else "")
    return InvalidArgument(f"{place}: {sentence}")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown name."""
    by_fold = {each.casefold(): each for each in known}
    found = get_close_matches(name.casefold().replace("_", ""), by_fold, n=1, cutoff=0.7)
    return f"; is it {by_fold[found[0]]}?" if found else ""
