"""Calling those who only look on."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

__all__ = ["tell"]

T = TypeVar("T")
_log = logging.getLogger(__name__)


def tell(hook: Callable[[T], object] | None, news: T) -> None:
    """Call a hook. What it does wrong must not cost what has been done, so that is logged and goes no further."""
    if hook is None:
        return
    try:
        hook(news)
    except Exception:
        _log.exception("the on_progress hook raised")
