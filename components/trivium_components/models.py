"""The model catalogue of a deployment.

Trivium ships a catalogue; the file that `TRIVIUM_CATALOGUE` names replaces entries.
"""

import os
from functools import cache
from pathlib import Path

from trivium.errors import ConfigurationError
from trivium.vocabulary import catalogue
from trivium.vocabulary.catalogue import Catalogue
from trivium.vocabulary.residency import Cloud


@cache
def in_force() -> Catalogue:
    """The catalogue, read once.

    Raises `ConfigurationError` if the file of `TRIVIUM_CATALOGUE` is unusable.
    """
    path = os.environ.get("TRIVIUM_CATALOGUE")
    if not path:
        return catalogue.load()
    try:
        override = Path(path).read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"The model catalogue `{path}`, which TRIVIUM_CATALOGUE names, cannot be"
            f" read: {error.strerror}.",
            next_step="Set TRIVIUM_CATALOGUE to a readable file, or unset it.",
        ) from error
    return catalogue.load(override)


def id_on(cloud: Cloud, model: str) -> str:
    """The provider's id of a model.

    Raises `ConfigurationError` if the catalogue does not have the model on that cloud.
    """
    ids = in_force().model(model).ids
    if cloud not in ids:
        raise ConfigurationError(
            f"Model `{model}` is not offered on {cloud}; the catalogue lists it on"
            f" {', '.join(ids)}.",
            next_step="Choose another model, or take the cloud out of the deployment.",
        )
    return ids[cloud]
