"""Functions that programs ask a provider: who am I, where am I, which zones, what does
this profile reach.

Each function that is answered stands in `FUNCTIONS`; any other is an error that names
it, because an empty answer would look like a fact. Answers hold what the rehearsal's
own places imply, or what a data file with a source says; that something exists which a
program looks up by its name is taken from the program.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final

from trivium_rehearsal.invokes import aws, azure, google
from trivium_rehearsal.invokes.function import (
    Answer,
    Arguments,
    Function,
    FunctionError,
)
from trivium_rehearsal.place import Place

__all__ = ["FUNCTIONS", "FunctionError", "answer"]

FUNCTIONS: Final[Mapping[str, Function]] = MappingProxyType(
    {**aws.FUNCTIONS, **google.FUNCTIONS, **azure.FUNCTIONS}
)
"""By token, in the form the SDKs send."""


def answer(token: str, arguments: Arguments, place: Place) -> Answer:
    """What the function `token` answers. Raises `FunctionError`."""
    function = FUNCTIONS.get(token)
    if function is None:
        near = get_close_matches(token, FUNCTIONS, n=1, cutoff=0.8)
        hint = f" The nearest that is answered is {near[0]}." if near else ""
        raise FunctionError(
            f"The rehearsal cannot answer the function {token}: it would have to read a"
            f" real cloud.{hint} Give the value by configuration in a rehearsal, or add"
            " the function to trivium_rehearsal/invokes."
        )
    told = function(arguments, place)
    return {name: value for name, value in told.items() if value is not None}
