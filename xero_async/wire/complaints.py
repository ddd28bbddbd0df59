"""Sentences that say what is wrong, out of documents whose form is not known.

Errors of XML come in several forms, not all of them documented. What is named for errors holds them, whatever else it
is called; within it, a message counts for more than the numbers beside it.
"""

from __future__ import annotations

import re
from typing import Final, cast

__all__ = ["ERROR_FLAGS", "complaints"]

ERROR_FLAGS: Final = frozenset({"HasErrors", "HasValidationErrors"})
"""Fields that are named for errors and hold none."""
_FOR_ERRORS: Final = re.compile("error|exception|^fault", re.IGNORECASE)
_WORDS: Final = ("Message", "Description", "Detail", "Title")
"""Where the sentence is in what is known to be an error, the likeliest first."""


def complaints(document: object) -> list[str]:
    """Every sentence that a document, as JSON would have it, holds against itself: each once, the outer ones first."""
    found: dict[str, None] = {}
    pending: list[tuple[object, bool]] = [(document, False)]
    # A queue: a document may nest deeper than functions may.
    for part, is_error in pending:
        if isinstance(part, dict):
            fields = cast("dict[str, object]", part)
            if is_error and (sentence := _sentence(fields)):
                found[sentence] = None
            else:
                pending += [(each, is_error or _is_for_errors(name, each)) for name, each in fields.items()]
        elif isinstance(part, list):
            pending += [(each, is_error) for each in cast("list[object]", part)]
        elif is_error and (text := "" if part is None else str(part).strip()):
            found[text] = None
    return list(found)


def _is_for_errors(name: str, value: object) -> bool:
    return name not in ERROR_FLAGS and not isinstance(value, bool) and _FOR_ERRORS.search(name) is not None


def _sentence(error: dict[str, object]) -> str:
    texts = (value.strip() for name in _WORDS if isinstance(value := error.get(name), str))
    return next((text for text in texts if text), "")
