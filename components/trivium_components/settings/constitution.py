"""The constitution: the layers of rules that the guard enforces."""

from typing import Annotated

from pydantic import Field

from trivium_components.settings.key import Key, Section

_LAYER = r"^(pack:[a-z0-9-]+|path:.+)$"
_DIGEST = r"^(sha256:[0-9a-f]{64})?$"


class ConstitutionSettings(Section):
    """The rules that the guard enforces."""

    layers: Annotated[
        list[Annotated[str, Field(pattern=_LAYER)]],
        Field(min_length=1),
        Key(
            expected=(
                "at least one layer, each `pack:NAME` or `path:FILE`, the highest"
                " authority first"
            ),
            consequence="Without a constitution, the guard refuses every request.",
            example="pack:baseline",
        ),
    ]
    """The layers in order: provider baseline, organisation, sector, application."""
    digest: Annotated[
        str,
        Field(pattern=_DIGEST),
        Key(
            expected="`sha256:` and 64 hexadecimal digits, or an empty text",
            consequence="No constitution could match, so signing would fail.",
            example="sha256:…",
        ),
    ] = ""
    """Digest of the reviewed constitution; signing fails for any other. If empty,
    signing records the digest that it finds."""


class ConstitutionKeys(Section):
    """The section as a key."""

    constitution: Annotated[
        ConstitutionSettings,
        Key(consequence="Without a constitution, the guard refuses every request."),
    ]
    """The rules that the guard enforces."""
