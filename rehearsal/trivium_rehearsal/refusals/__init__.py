"""What the clouds refuse of one resource's inputs, where only their words or their
errors say so: one file a cloud, each rule with its source.

What is unknown in a preview is let pass and judged when it is known.
"""

from collections.abc import Iterator

from trivium_rehearsal.place import Place
from trivium_rehearsal.refusals import aws, azure, google
from trivium_rehearsal.refusals.model import Refused, Values

__all__ = ["refused_inputs"]

_RULES = {**aws.RULES, **google.RULES, **azure.RULES}


def refused_inputs(token: str, inputs: Values, place: Place) -> Iterator[Refused]:
    """What the cloud would refuse; `place` says where the provider is."""
    rule = _RULES.get(token)
    if rule is not None:
        yield from rule(inputs, place)
