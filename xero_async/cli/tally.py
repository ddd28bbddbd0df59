"""What a job has taken: calls, bytes, money and time, beside the least that it could have taken."""

from __future__ import annotations

from collections import Counter

from ..outcomes import Attempt
from ..pacing import Limits
from .board import clock_face
from .proof import least_seconds

__all__ = ["Tally", "size_words"]

# https://developer.xero.com/pricing
PRICE = 2.40
"""AUD for each GB that is drawn, beyond what the app's tier includes."""
GB = 10**9


class Tally:
    """Counts attempts, as the session's hook."""

    def __init__(self) -> None:
        self._calls: Counter[str] = Counter()
        self._bytes = self._answers = 0
        self._seconds = 0.0

    def attempt(self, attempt: Attempt) -> None:
        """Take note of an attempt."""
        if attempt.tenant is None:
            return
        self._calls[attempt.tenant] += 1
        self._bytes += attempt.received
        if attempt.next == "value":
            self._answers += 1
            self._seconds += attempt.seconds

    def words(self, seconds: float, limits: Limits) -> str:
        """It all in a line, given the seconds that it took."""
        latency = self._seconds / self._answers if self._answers else 0.0
        least = max((least_seconds(calls, latency, limits) for calls in self._calls.values()), default=0.0)
        parts = [
            f"{self._calls.total():,} calls",
            size_words(self._bytes),
            f"{clock_face(seconds)} where the limits allow {clock_face(least)}",
        ]
        return ", ".join(parts)


def size_words(size: int) -> str:
    """Bytes, and what they cost where the tier's share is used up."""
    amount = f"{size / 1e6:,.1f} MB" if size < GB else f"{size / GB:,.2f} GB"
    return f"{amount} drawn (at most {size / GB * PRICE:.2f} AUD)"
