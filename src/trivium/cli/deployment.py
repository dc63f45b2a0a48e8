"""`trivium deployment`: show, check and sign deployment descriptors, and the keys that
do."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trivium.cli import print_json
from trivium.durable import create_durably, write_durably
from trivium.errors import ConstitutionError, DeploymentError
from trivium.vocabulary import deployment as vocabulary
from trivium.vocabulary.envelope import (
    Ed25519Signer,
    EnvelopeError,
    TrustedKeys,
    digest,
    payload_unverified,
)

if TYPE_CHECKING:
    from trivium.credentials.kms import ProvenSigner

_READABLE = 0o644
"""Of what an application and a reviewer read, and signatures or a hash protect."""


def _signing_key(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that name the key. Any: click calls the function by its options."""
    file = click.Path(exists=True, dir_okay=False, path_type=Path)
    kms = (
        "Key in AWS KMS, Google Cloud KMS or Azure Key Vault, as `pulumi stack output"
        " signing_key` names it."
    )
    function = click.option("--kms", metavar="KEY", help=kms)(function)
    return click.option("--key", type=file, help="Ed25519 private key (PEM).")(function)


@click.group("deployment")
def command() -> None:
    """Show, check and sign deployment descriptors."""


@command.command("show")
@click.argument(
    "descriptor",
    envvar="TRIVIUM_DEPLOYMENT",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option(
    "--trust",
    envvar="TRIVIUM_TRUSTED_KEYS",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option("--json", "as_json", is_flag=True, help="Print the descriptor as JSON.")
def show_command(descriptor: Path, trust: Path | None, as_json: bool) -> None:
    """Show DESCRIPTOR and whether it may be used. Exit status 1 if it may not."""
    document = descriptor.read_bytes()
    error: DeploymentError | None = None
    try:
        if trust is None:
            raise DeploymentError(
                "Its signature is not verified.",
                next_step="Give the public key by --trust.",
            )
        shown = vocabulary.verify(document, _trusted(trust), now=datetime.now(UTC))
    except DeploymentError as refused:
        error, shown = refused, _unverified(document)
    if as_json:
        print_json(shown)
    else:
        _print(shown)
    verdict = (
        f"REFUSED  {error}"
        if error
        else "signature, version, content and validity verified"
    )
    click.echo(f"  {verdict}", err=as_json or error is not None)
    if error:
        raise click.exceptions.Exit(1)


@command.command("sign")
@click.argument("draft", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_signing_key
@click.option(
    "--valid-days", type=click.IntRange(1, 366), default=90, show_default=True
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
def sign_command(
    draft: Path, key: Path | None, kms: str | None, valid_days: int, out: Path
) -> None:
    """Complete DRAFT (a stack's `descriptor` output) with its validity and the
    constitution's digests, and sign it.

    What is signed has been tried: the constitution compiles, and each provision passes
    its own tests.
    """
    _require_one(key, kms)
    described = vocabulary.decode(draft.read_bytes())
    completed = vocabulary.complete(
        described,
        issued_at=datetime.now(UTC),
        valid_days=valid_days,
        constitution=_tried(described.constitution, draft.parent),
    )
    signer = _signer(key, kms)
    envelope = vocabulary.sign(completed, signer)
    try:
        write_durably(out, envelope, mode=_READABLE)
    except OSError as error:
        raise DeploymentError(
            f"The signed descriptor cannot be written to {out}: {error.strerror}."
            f" {_standing(out, envelope)}",
            next_step="Free the disk or name another place by --out, and sign again.",
        ) from error
    click.echo(
        f"{out}: signed by {signer.keyid[:16]}, {digest(vocabulary.encode(completed))},"
        f" until {completed.expires_at}"
    )


@command.command("keygen")
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
def keygen_command(path: Path) -> None:
    """Make an Ed25519 signing key at PATH (mode 0600) and its public half at PATH.pub.
    Never replaces a key."""
    signer = Ed25519Signer.generate()
    public = path.with_name(f"{path.name}.pub")
    try:
        create_durably(path, signer.to_pem())
    except FileExistsError as error:
        raise DeploymentError(
            f"{path} exists; a signing key is never replaced."
        ) from error
    except OSError as error:
        raise DeploymentError(
            f"The signing key {path} cannot be made: {error.strerror}.",
            next_step="Name a writable place.",
        ) from error
    try:
        write_durably(public, signer.public_pem, mode=_READABLE)
    except OSError as error:
        raise DeploymentError(
            f"The signing key {path} was made; its public half cannot be written to"
            f" {public}: {error.strerror}.",
            next_step=(
                f"Free the disk and run `trivium deployment public-key --key {path} >"
                f" {public}`."
            ),
        ) from error
    click.echo(f"{path}: {signer.keyid}")


@command.command("public-key")
@_signing_key
def public_key_command(key: Path | None, kms: str | None) -> None:
    """Print the public half of a signing key (PEM), and its id beside it on standard
    error.

    It is what --trust and TRIVIUM_TRUSTED_KEYS name. A reviewer asks the key service
    for it, and signs nothing.
    """
    _require_one(key, kms)
    signer = _signer(key, kms)
    click.echo(signer.public_pem, nl=False)
    click.echo(signer.keyid, err=True)


@command.command("schema")
def schema_command() -> None:
    """Print the JSON Schema of a descriptor (docs/deployment.schema.json)."""
    print_json(vocabulary.json_schema())


def _tried(refs: vocabulary.ConstitutionRef, base: Path) -> vocabulary.ConstitutionRef:
    """The references with their digests. Raises `ConstitutionError` when the
    constitution fails its own tests."""
    from trivium.constitution import load_layers, resolve
    from trivium.guard import prove, unproven

    resolved = resolve(refs, base=base)
    constitution = load_layers(resolved, base=base)
    problems = prove(constitution)
    if problems:
        raise ConstitutionError(
            f"The constitution fails {len(problems)} of its own tests, so it is not"
            f" signed: {' '.join(problems[:3])}",
            next_step=(
                "Correct the provision, or the test that states what it should do."
            ),
        )
    for note in unproven(constitution):
        click.echo(f"note: {note}", err=True)
    return resolved


def _trusted(path: Path) -> TrustedKeys:
    """The public keys in these files."""
    try:
        return TrustedKeys.from_pem(path.read_bytes())
    except EnvelopeError as error:
        raise DeploymentError(
            f"The trusted key {path} cannot be used: {error}."
        ) from error


def _standing(out: Path, envelope: bytes) -> str:
    """What is at `out` after a write that failed."""
    if not out.exists():
        return "No file was made."
    if (
        out.read_bytes() == envelope
    ):  # it was put in place, and then the folder could not be forced to disk
        return "The file is there, but may not outlive a power cut."
    return "The file that was there is untouched."


def _require_one(key: Path | None, kms: str | None) -> None:
    """Raise unless exactly one of two options is given."""
    if (key is None) == (kms is None):
        raise click.UsageError("Give either --key or --kms.")


def _signer(key: Path | None, kms: str | None) -> "Ed25519Signer | ProvenSigner":
    """The signer that the options name."""
    if kms is not None:
        from trivium.credentials.kms import signer

        return signer(kms)
    assert key is not None  # noqa: S101 -- one of the two is given, checked by the caller
    try:
        return Ed25519Signer.from_pem(key.read_bytes())
    except EnvelopeError as error:
        raise DeploymentError(
            f"The signing key {key} cannot be used: {error}."
        ) from error


def _unverified(document: bytes) -> vocabulary.Deployment:
    try:
        return vocabulary.decode(payload_unverified(document))
    except EnvelopeError:
        return vocabulary.decode(document)


def _print(shown: vocabulary.Deployment) -> None:
    click.echo(
        f"{shown.name} ({shown.environment}), zone {shown.zone}"
        + (", REHEARSAL" if shown.rehearsal else "")
    )
    click.echo(
        f"  issued {shown.issued_at or 'not yet'}, expires {shown.expires_at or '-'}"
    )
    click.echo(f"  constitution {shown.constitution.digest or 'not fixed yet'}")
    for layer in shown.constitution.layers:
        click.echo(f"    {layer.source}")
    for route in shown.routes:
        click.echo(f"  route {route.id}: {route.protocol} at {route.endpoint}")
        for tier, target in route.models.items():
            click.echo(
                f"    {tier:<8} {target.id} → {', '.join(target.destinations)} (proof:"
                f" {target.proof})"
            )
    for role, tier in shown.roles.items():
        click.echo(f"  role {role} → {tier}")
    for store in shown.audit.stores:
        click.echo(
            f"  audit {store.uri}: {store.regime}, {store.retention_days} days,"
            f" {store.lock}"
        )
