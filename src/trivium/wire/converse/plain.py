"""JSON objects of the Converse API."""

from typing import Any

Plain = dict[str, Any]
"""Any: it has twenty shapes, which are built and taken apart in this package alone."""


def present(**fields: Any) -> Plain:
    """The fields that are given."""
    return {name: value for name, value in fields.items() if value is not None}
