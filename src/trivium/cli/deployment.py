"""`trivium deployment`: show, check and sign deployment descriptors."""

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from trivium.cli import print_json
from trivium.errors import ConstitutionError, DeploymentError
from trivium.vocabulary import deployment as vocabulary
from trivium.vocabulary.envelope import Ed25519Signer, EnvelopeError, TrustedKeys, digest, payload_unverified
from trivium.vocabulary.envelope import Signer as SignerProtocol


@click.group("deployment")
def command() -> None:
    """Show, check and sign deployment descriptors."""


@command.command("show")
@click.argument("descriptor", envvar="TRIVIUM_DEPLOYMENT", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--trust", envvar="TRIVIUM_TRUSTED_KEYS", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the descriptor as JSON.")
def show_command(descriptor: Path, trust: Path | None, as_json: bool) -> None:
    """Show DESCRIPTOR and whether it may be used. Exit status 1 if it may not."""
    document = descriptor.read_bytes()
    error: DeploymentError | None = None
    try:
        if trust is None:
            raise DeploymentError("Its signature is not verified.", next_step="Give the public key by --trust.")
        shown = vocabulary.verify(document, _trusted(trust), now=datetime.now(UTC))
    except DeploymentError as refused:
        error, shown = refused, _unverified(document)
    if as_json:
        print_json(shown)
    else:
        _print(shown)
    verdict = f"REFUSED  {error}" if error else "signature, version, content and validity verified"
    click.echo(f"  {verdict}", err=as_json or error is not None)
    if error:
        raise click.exceptions.Exit(1)


@command.command("sign")
@click.argument("draft", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--key", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Ed25519 private key (PEM).")
@click.option("--kms", metavar="ARN", help="AWS KMS key (ECC_NIST_P256, SIGN_VERIFY); needs the extra `aws`.")
@click.option("--valid-days", type=click.IntRange(1, 366), default=90, show_default=True)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
def sign_command(draft: Path, key: Path | None, kms: str | None, valid_days: int, out: Path) -> None:
    """Complete DRAFT (a stack's `descriptor` output) with its validity and the constitution's digests, and sign it.

    What is signed has been tried: the constitution compiles, and each provision passes its own tests.
    """
    if (key is None) == (kms is None):
        raise click.UsageError("Give either --key or --kms.")
    described = vocabulary.decode(draft.read_bytes())
    completed = vocabulary.complete(
        described,
        issued_at=datetime.now(UTC),
        valid_days=valid_days,
        constitution=_tried(described.constitution, draft.parent),
    )
    signer = _signer(key, kms)
    envelope = vocabulary.sign(completed, signer)
    fresh = out.with_name(f".{out.name}.tmp")
    fresh.write_bytes(envelope)
    fresh.replace(out)
    click.echo(
        f"{out}: signed by {signer.keyid[:16]}, {digest(vocabulary.encode(completed))}, until {completed.expires_at}"
    )


@command.command("keygen")
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
def keygen_command(path: Path) -> None:
    """Make an Ed25519 signing key at PATH (mode 0600) and its public half at PATH.pub. Never replaces a key."""
    signer = Ed25519Signer.generate()
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise DeploymentError(f"{path} exists; a signing key is never replaced.") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(signer.to_pem())
    path.with_name(f"{path.name}.pub").write_bytes(signer.public_pem)
    click.echo(f"{path}: {signer.keyid}")


@command.command("schema")
def schema_command() -> None:
    """Print the JSON Schema of a descriptor (docs/deployment.schema.json)."""
    print_json(vocabulary.json_schema())


def _tried(refs: vocabulary.ConstitutionRef, base: Path) -> vocabulary.ConstitutionRef:
    """The references with their digests. Raises `ConstitutionError` when the constitution fails its own tests."""
    from trivium.constitution import load_layers, resolve
    from trivium.guard import prove

    resolved = resolve(refs, base=base)
    problems = prove(load_layers(resolved, base=base))
    if problems:
        raise ConstitutionError(
            f"The constitution fails {len(problems)} of its own tests, so it is not signed: {' '.join(problems[:3])}",
            next_step="Correct the provision, or the test that states what it should do.",
        )
    return resolved


def _trusted(path: Path) -> TrustedKeys:
    try:
        return TrustedKeys.from_pem(path.read_bytes())
    except EnvelopeError as error:
        raise DeploymentError(f"The trusted key {path} cannot be used: {error}.") from error


def _signer(key: Path | None, kms: str | None) -> SignerProtocol:
    if kms is not None:
        from trivium.credentials.kms import AwsKmsSigner

        return AwsKmsSigner(kms)
    assert key is not None  # noqa: S101 -- one of the two is given, checked by the caller
    try:
        return Ed25519Signer.from_pem(key.read_bytes())
    except EnvelopeError as error:
        raise DeploymentError(f"The signing key {key} cannot be used: {error}.") from error


def _unverified(document: bytes) -> vocabulary.Deployment:
    try:
        return vocabulary.decode(payload_unverified(document))
    except EnvelopeError:
        return vocabulary.decode(document)


def _print(shown: vocabulary.Deployment) -> None:
    click.echo(f"{shown.name} ({shown.environment}), zone {shown.zone}" + (", REHEARSAL" if shown.rehearsal else ""))
    click.echo(f"  issued {shown.issued_at or 'not yet'}, expires {shown.expires_at or '-'}")
    click.echo(f"  constitution {shown.constitution.digest or 'not fixed yet'}")
    for layer in shown.constitution.layers:
        click.echo(f"    {layer.source}")
    for route in shown.routes:
        click.echo(f"  route {route.id}: {route.protocol} at {route.endpoint}")
        for tier, target in route.models.items():
            click.echo(f"    {tier:<8} {target.id} → {', '.join(target.destinations)} (proof: {target.proof})")
    for role, tier in shown.roles.items():
        click.echo(f"  role {role} → {tier}")
    for store in shown.audit.stores:
        click.echo(f"  audit {store.uri}: {store.regime}, {store.retention_days} days, {store.lock}")
