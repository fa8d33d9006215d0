"""Throttles per realm: 500 requests a minute, 10 a second, 40 batches a minute (facts: QBO 2.8, 2.9)."""

from collections import defaultdict, deque
from datetime import datetime, timedelta

_MINUTE = timedelta(minutes=1)
_A_MINUTE = 500
_RULES = (("any", _A_MINUTE, _MINUTE), ("any", 10, timedelta(seconds=1)), ("batch", 40, _MINUTE))


class Limits:
    """Sliding windows per realm. Whether a batch counts once or per member is unpublished [G]: once, or against the 500
    a minute by its members if `members_count`.
    """

    def __init__(self) -> None:
        self._arrivals: dict[tuple[str, str], deque[datetime]] = defaultdict(deque)
        self.reads_used = 0
        self.members_count = False

    def admit(self, realm: str, now: datetime, *, batch: bool, members: int = 1) -> bool:
        """Count a request; False if it exceeds a limit, and then it does not count."""
        kinds = ("any", "batch") if batch else ("any",)
        if self.members_count:
            if self._recent(realm, "member", now, _MINUTE) + members > _A_MINUTE:
                return False
            self._arrivals[realm, "member"] += [now] * members
        for kind, most, window in _RULES:
            if kind in kinds and self._recent(realm, kind, now, window) >= most:
                return False
        for kind in kinds:
            self._arrivals[realm, kind].append(now)
        return True

    def _recent(self, realm: str, kind: str, now: datetime, window: timedelta) -> int:
        arrivals = self._arrivals[realm, kind]
        while arrivals and arrivals[0] <= now - timedelta(minutes=1):
            arrivals.popleft()
        return sum(1 for moment in arrivals if moment > now - window)
