"""What is permitted, but weak for production.

A note never stops a deployment: it names a key, what is weak about its value and what
to set instead. The settings of a rehearsal or of development have no notes. Pure; the
program shows the notes as warnings of a preview.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import get_args

from trivium.vocabulary.residency import WORLDWIDE, ZONES, Cloud
from trivium_components import offers
from trivium_components.retention import PRESETS
from trivium_components.settings.aws import AwsSettings
from trivium_components.settings.azure import AzureSettings
from trivium_components.settings.gcp import GcpSettings
from trivium_components.settings.key import NAMESPACE
from trivium_components.settings.problem import stack_file
from trivium_components.settings.stack import Settings

_YEAR_DAYS = 365


@dataclass(frozen=True, kw_only=True)
class Note:
    """A value that production should not have without a reason."""

    key: str
    """Path of the key below the namespace."""
    weak: str
    """What is weak, or not guaranteed: a sentence without its subject, the key."""
    instead: str
    """What to set: a sentence."""


def notes(settings: Settings) -> list[Note]:
    """The notes on a stack's settings; none unless its purpose is production."""
    if settings.purpose != "production":
        return []
    return [note for rule in RULES for note in rule(settings)]


def sentence(stack: str, note: Note) -> str:
    """A note as a warning says it."""
    return (
        f"{stack_file(stack)}, note for production: `{NAMESPACE}:{note.key}`"
        f" {note.weak}. {note.instead}"
    )


def _retention_is_short(settings: Settings) -> Iterator[Note]:
    """A year covers what an annual audit asks for."""
    days = settings.preset.days
    if days < _YEAR_DAYS:
        longer = [name for name, found in PRESETS.items() if found.days >= _YEAR_DAYS]
        yield Note(
            key="retention.preset",
            weak=f"keeps audit records for {days} days, less than a year",
            instead=f"Set {' or '.join(f'`{name}`' for name in longer)}.",
        )


def _lock_is_open(settings: Settings) -> Iterator[Note]:
    """Azure cannot be locked by this version, so there is nothing to set."""
    if settings.retention.lock == "unlocked" and "azure" not in settings.clouds:
        yield Note(
            key="retention.lock",
            weak="is `unlocked`: an administrator can still remove the retention",
            instead=(
                "Verify the audit log with `trivium audit verify`, then set `locked`;"
                " nobody can undo that."
            ),
        )


def _durability_is_late(settings: Settings) -> Iterator[Note]:
    """A crash between reply and disk loses a record."""
    if settings.audit.durability == "batch":
        yield Note(
            key="audit.durability",
            weak="is `batch`: a crash can lose the records of up to a second",
            instead="Set `sync`.",
        )


def _content_is_kept(settings: Settings) -> Iterator[Note]:
    """The cloud's log would hold what the deployment's own log never does."""
    if settings.audit.provider_content == "full":
        yield Note(
            key="audit.provider_content",
            weak=(
                "is `full`: the cloud's log keeps prompts and replies for"
                f" {settings.preset.days} days, in storage that refuses deletion"
            ),
            instead="Set `metadata`, unless a regulation requires the content.",
        )


def _one_cloud_only(settings: Settings) -> Iterator[Note]:
    """Nothing to fail over to, although another cloud has Claude in the zone."""
    others = [cloud for cloud in get_args(Cloud) if _has_claude(cloud, settings)]
    if len(settings.clouds) == 1 and others:
        yield Note(
            key="clouds",
            weak=f"lists only `{settings.clouds[0]}`: its outage stops the deployment",
            instead=f"Add {' or '.join(f'`{cloud}`' for cloud in others)} for failover.",
        )


def _has_claude(cloud: Cloud, settings: Settings) -> bool:
    """Whether a cloud that is not listed offers Claude inside the zone."""
    if cloud in settings.clouds:
        return False
    zone, scope = settings.zone, settings.scope
    if zone == WORLDWIDE:
        return True
    return any(
        not offers.why_not(cloud, region=region, zone=zone, scope=scope)
        for region in ZONES[zone][cloud]
    )


def _nobody_watches(settings: Settings) -> Iterator[Note]:
    """Records that nobody receives are read after the damage."""
    if not settings.sinks:
        yield Note(
            key="sinks",
            weak="is empty: no security team receives the events",
            instead="Add the address of your SIEM.",
        )


def _any_constitution_is_signed(settings: Settings) -> Iterator[Note]:
    """Signing takes what it finds, unless the reviewed digest is pinned."""
    if not settings.constitution.digest:
        yield Note(
            key="constitution.digest",
            weak="is empty: signing accepts a constitution that nobody has reviewed",
            instead="Set the digest of the reviewed constitution.",
        )


def _nobody_can_sign(settings: Settings) -> Iterator[Note]:
    """On the other clouds, administrators can sign without being named."""
    first = settings.azure if settings.clouds[0] == "azure" else None
    if first and not first.signers:
        yield Note(
            key="azure.signers",
            weak="is empty: nobody can sign the deployment descriptor",
            instead="Name the identity that runs `trivium deployment sign`.",
        )


_NETWORK_CHECKS: Mapping[str, str] = {
    "aws": "that it has flow logs and no route to the internet",
    "gcp": (
        "that its subnet has flow logs and private Google access, and that it has no"
        " route to the internet"
    ),
    "azure": (
        "that its subnet's rules refuse the internet, that a service endpoint policy"
        " limits it to your own storage, and that it has flow logs"
    ),
}


def _networks_are_adopted(settings: Settings) -> Iterator[Note]:
    """The stack changes nothing of an existing network, so it guarantees nothing."""
    for name, section in _sections(settings):
        if section.existing_network:
            yield Note(
                key=f"{name}.existing_network",
                weak="names a network that this stack does not manage",
                instead=f"Check {_NETWORK_CHECKS[name]}.",
            )


def _keys_are_adopted(settings: Settings) -> Iterator[Note]:
    """The stack changes nothing of an existing key, so it guarantees nothing."""
    for name, section in _sections(settings):
        if section.encryption_key:
            yield Note(
                key=f"{name}.encryption_key",
                weak="names a key that this stack does not manage",
                instead=(
                    "Check that it rotates, that it is kept for as long as the records,"
                    " and who may use it."
                ),
            )


def _sections(
    settings: Settings,
) -> Iterator[tuple[str, AwsSettings | GcpSettings | AzureSettings]]:
    """The sections of the clouds that a stack deploys to."""
    for name, section in (
        ("aws", settings.aws),
        ("gcp", settings.gcp),
        ("azure", settings.azure),
    ):
        if section:
            yield name, section


RULES: tuple[Callable[[Settings], Iterator[Note]], ...] = (
    _one_cloud_only,
    _retention_is_short,
    _lock_is_open,
    _any_constitution_is_signed,
    _durability_is_late,
    _content_is_kept,
    _nobody_watches,
    _networks_are_adopted,
    _keys_are_adopted,
    _nobody_can_sign,
)
"""Every rule, in the order of the keys in the reference."""
