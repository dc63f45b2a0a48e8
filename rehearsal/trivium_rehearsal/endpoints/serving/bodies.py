"""Request bodies as JSON."""

import json
from typing import Any

from trivium_rehearsal.endpoints.serving.refusals import RefusalError

Json = dict[str, Any]
"""A JSON object whose shape a vendor defines."""


def parsed(body: bytes, *, otherwise: RefusalError) -> Json:
    """The JSON object in a body. Raises `otherwise` for anything else; NaN and Infinity
    are not JSON."""
    try:
        value = json.loads(body, parse_constant=_refuse)
    except ValueError as error:
        raise otherwise from error
    if not isinstance(value, dict):
        raise otherwise
    return value


def _refuse(constant: str) -> Any:  # json's own protocol
    """Refuse NaN and the infinities, which json accepts by default."""
    raise ValueError(f"{constant} is not JSON")
