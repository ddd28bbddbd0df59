"""Names of tenants that any file system takes."""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["folder_names"]


def folder_names(names: Mapping[str, str]) -> dict[str, str]:
    """A folder's name for each tenant, by its id: its name, made fit for any file system and for no other tenant."""
    fit = {id: _fit(name) or _fit(id) for id, name in names.items()}
    taken = [name.casefold() for name in fit.values()]
    return {id: name if taken.count(name.casefold()) == 1 else f"{name} {_fit(id)}" for id, name in fit.items()}


def _fit(name: str) -> str:
    text = _UNFIT.sub("_", name).strip(" .")[:_LONGEST].rstrip(" .")
    return f"{text}_" if _RESERVED.fullmatch(text) else text


# https://learn.microsoft.com/windows/win32/fileio/naming-a-file: what Windows refuses; others allow more.
_UNFIT = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_LONGEST = 100
