"""Syncro's way with dates: a calendar date is written as midnight UTC, anything else is a moment."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

_EARLIEST_YEAR = 1970
_LATEST_YEAR = 2199


def parse_moment(value: object) -> datetime:
    """The UTC time that an ISO 8601 text states; a bare date is its midnight UTC.

    Raises ValueError for other types, for a time without an offset (its meaning would be a guess) and for absurd years.
    """
    moment = value if isinstance(value, datetime) else _from_text(value)
    if moment.tzinfo is None:
        raise ValueError("is a time without a time zone offset; write it in UTC with a trailing Z")
    if not _EARLIEST_YEAR <= moment.year <= _LATEST_YEAR:
        raise ValueError("is a time outside the years 1970 to 2199")
    return moment.astimezone(UTC)


def _from_text(value: object) -> datetime:
    if not isinstance(value, str):
        raise ValueError("is not a time written as ISO 8601 text")  # noqa: TRY004  pydantic turns ValueError into a reason
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("is not a time written as ISO 8601 text") from None
    is_bare_date = len(value) == len("2026-11-03")
    return moment.replace(tzinfo=UTC) if is_bare_date else moment


def calendar_date(moment: datetime, time_zone: str) -> date:
    """The book date of `moment`: its own date if it is midnight UTC, else the date in `time_zone` (an IANA name).

    Syncro stores calendar dates as midnight Z (facts: Syncro I10); shifting those would move them to the day before.
    """
    utc = moment.astimezone(UTC)
    return utc.date() if utc.time() == time() else utc.astimezone(ZoneInfo(time_zone)).date()
