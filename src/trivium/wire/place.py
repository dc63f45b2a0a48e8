"""Where a request goes, as an adapter needs to know it."""

from typing import NamedTuple

from trivium.vocabulary.deployment import ModelTarget, Route


class Place(NamedTuple):
    """A model on a route."""

    target: ModelTarget
    route: Route
