"""Tokens that end with the program."""

from __future__ import annotations

from ..tokens import TokenSet

__all__ = ["MemoryStore"]


class MemoryStore:
    """Keeps tokens as long as the program runs; `tokens` are those to begin with."""

    def __init__(self, tokens: TokenSet | None = None) -> None:
        self._tokens = tokens

    def __repr__(self) -> str:
        return "MemoryStore(...)"

    async def load(self) -> TokenSet | None:
        """The tokens that were saved last, or None."""
        return self._tokens

    async def save(self, tokens: TokenSet, /) -> None:
        """Keep tokens in the place of those before."""
        self._tokens = tokens
