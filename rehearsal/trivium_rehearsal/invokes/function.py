"""What a function of a provider is here: arguments and the rehearsal's place in, an
answer out."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from trivium_rehearsal.place import Place

Arguments = Mapping[str, Any]
Answer = dict[str, Any]
Function = Callable[[Arguments, Place], Answer]


class FunctionError(Exception):
    """The function cannot be answered. The message names it, what was found, and the
    remedy."""


def needed(arguments: Arguments, name: str, function: str) -> str:
    """An argument that the function cannot do without. Raises `FunctionError`."""
    value = arguments.get(name)
    if not isinstance(value, str) or not value:
        raise FunctionError(
            f"{function}: the argument {name} is missing; give it as a string."
        )
    return value


def hexed(*parts: object, length: int) -> str:
    """Hex digits that follow from the parts."""
    return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()[:length]
