"""Throttles per realm: 500 requests a minute, 10 a second, 40 batches a minute (facts: QBO 2.8, 2.9)."""

from collections import defaultdict, deque
from datetime import datetime, timedelta

_RULES = (("any", 500, timedelta(minutes=1)), ("any", 10, timedelta(seconds=1)), ("batch", 40, timedelta(minutes=1)))


class Limits:
    """Sliding windows per realm. Whether a batch counts once or per member is unpublished; here once [G]."""

    def __init__(self) -> None:
        self._arrivals: dict[tuple[str, str], deque[datetime]] = defaultdict(deque)
        self.reads_used = 0

    def admit(self, realm: str, now: datetime, *, batch: bool) -> bool:
        """Count a request; False if it exceeds a limit, and then it does not count."""
        kinds = ("any", "batch") if batch else ("any",)
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
