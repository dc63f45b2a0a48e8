"""How requests are recorded."""

from typing import Annotated, Literal

from trivium_components.settings.key import Key, Section

Durability = Literal["sync", "batch"]
Content = Literal["metadata", "full"]


class AuditSettings(Section):
    """How requests are recorded."""

    durability: Annotated[
        Durability,
        Key(
            consequence="The application could not tell when a record is on disk.",
            example="sync",
        ),
    ] = "sync"
    """When a record is on disk: before the caller sees the reply (`sync`), or within a
    second (`batch`)."""
    provider_content: Annotated[
        Content,
        Key(
            consequence=(
                "Trivium could not tell whether the cloud's own log may keep prompts."
            ),
            example="metadata",
        ),
    ] = "metadata"
    """Whether the cloud's own request log keeps prompts and replies (`full`), or only
    who made which call and when (`metadata`)."""


class AuditKeys(Section):
    """The section as a key."""

    audit: Annotated[
        AuditSettings,
        Key(consequence="Trivium could not tell how to record requests."),
    ] = AuditSettings()
    """How requests are recorded."""
