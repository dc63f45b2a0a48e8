"""When a provider asks to be asked again."""

import datetime as dt

import pytest

from trivium.wire.retry import retry_after_s, should_retry

NOW = dt.datetime(2026, 11, 27, 10, 0, tzinfo=dt.UTC)

HEADERS: dict[str, tuple[dict[str, str], float | None]] = {
    "seconds": ({"retry-after": "7"}, 7.0),
    "an hour, as for tokens per day": ({"retry-after": "3600"}, 3600.0),
    "milliseconds": ({"retry-after-ms": "1500"}, 1.5),
    "Azure's milliseconds": ({"x-ms-retry-after-ms": "250"}, 0.25),
    "the more exact of two": ({"retry-after": "2", "retry-after-ms": "1500"}, 1.5),
    "a date": ({"retry-after": "Fri, 27 Nov 2026 10:01:30 GMT"}, 90.0),
    "a date that has passed": ({"retry-after": "Fri, 27 Nov 2026 09:00:00 GMT"}, 0.0),
    "no header": ({}, None),
    "not a time": ({"retry-after": "soon"}, None),
    "below zero": ({"retry-after": "-1"}, None),
    "not a number": ({"retry-after": "nan"}, None),
    "beyond reason": ({"retry-after": "1e99"}, None),
}


@pytest.mark.parametrize("case", HEADERS)
def test_the_time_to_wait_is_read(case: str) -> None:
    headers, expected = HEADERS[case]
    assert retry_after_s(headers, now=NOW) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [("true", True), ("false", False), ("", None), ("1", None)]
)
def test_a_provider_may_decide_about_trying_again(
    value: str, expected: bool | None
) -> None:
    assert should_retry({"x-should-retry": value}) is expected
