"""The constitution: what may be asked and answered, in layers of which each can only
tighten the ones before it."""

from trivium.constitution.layers import (
    Constitution,
    Layer,
    compose,
    load_layers,
    packs,
    parse,
    resolve,
)
from trivium.constitution.provision import Provision

__all__ = [
    "Constitution",
    "Layer",
    "Provision",
    "compose",
    "load_layers",
    "packs",
    "parse",
    "resolve",
]
