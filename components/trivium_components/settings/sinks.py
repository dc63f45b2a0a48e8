"""Sinks: the systems that receive events besides the audit store."""

from typing import Annotated, Literal

from pydantic import Field

from trivium_components.settings.key import Key, Section

SinkKind = Literal["splunk", "sentinel", "elastic", "security-lake", "syslog", "otlp"]

# No user part, query or fragment: credentials travel in them.
_ENDPOINT = r"^(https|tls)://[^\s@?#]+$"


class SinkSettings(Section):
    """One system that receives events."""

    kind: Annotated[
        SinkKind,
        Key(
            consequence="Trivium could not tell how to format the events.",
            example="splunk",
        ),
    ]
    """Type of the receiving system."""
    endpoint: Annotated[
        str,
        Field(pattern=_ENDPOINT),
        Key(
            expected=(
                "an address that starts with `https://` or `tls://`, without user,"
                " query or fragment"
            ),
            consequence=(
                "Events would be sent unencrypted, or the descriptor would contain a"
                " credential."
            ),
            example="https://hec.example.com:8088",
        ),
    ]
    """Address of the system. The application holds the credentials; they never appear
    here."""


class SinkKeys(Section):
    """The section as a key."""

    sinks: Annotated[
        list[SinkSettings],
        Key(
            consequence="No events would be sent.",
            example="https://hec.example.com:8088",
        ),
    ] = Field(default_factory=list)
    """Systems that receive events besides the audit store."""
