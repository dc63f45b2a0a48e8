"""When a provider asks to be asked again, from the headers of its refusal."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_S = 31 * 86_400.0
"""No quota is longer than a month; a larger figure is not a time to wait."""

_MILLISECONDS = ("retry-after-ms", "x-ms-retry-after-ms")
"""Anthropic's and Azure's; more exact than `retry-after`, which comes beside them."""


def retry_after_s(
    headers: Mapping[str, str], *, now: datetime | None = None
) -> float | None:
    """Seconds to wait, or None where the headers (lower-case names) do not say.

    `retry-after` is seconds or a date (RFC 9110, section 10.2.3); a date in the past is
    0 seconds.
    """
    for name in _MILLISECONDS:
        if (milliseconds := _number(headers.get(name))) is not None:
            return _sane(milliseconds / 1000)
    text = headers.get("retry-after")
    if (seconds := _number(text)) is not None:
        return _sane(seconds)
    moment = _moment(text)
    if moment is None:
        return None
    return _sane(max(0.0, (moment - (now or datetime.now(UTC))).total_seconds()))


def should_retry(headers: Mapping[str, str]) -> bool | None:
    """What `x-should-retry` says; None where it says nothing. Anthropic's services send
    it, and their own clients obey it."""
    return {"true": True, "false": False}.get(headers.get("x-should-retry", ""))


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None


def _sane(seconds: float) -> float | None:
    return seconds if 0 <= seconds <= LONGEST_S else None


def _moment(text: str | None) -> datetime | None:
    """A date of HTTP's, which is always in GMT."""
    try:
        moment = parsedate_to_datetime(text) if text else None
    except (ValueError, TypeError):
        return None
    if moment is None or moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=UTC)
