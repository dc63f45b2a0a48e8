"""`trivium audit`: judge an audit log."""

from pathlib import Path

import click
import msgspec

from trivium.audit.keys import read_given
from trivium.audit.verify import Verification, verify
from trivium.cli import print_json
from trivium.errors import AuditError
from trivium.vocabulary.envelope import EnvelopeError, TrustedKeys


@click.group("audit")
def command() -> None:
    """Verify the audit log."""


@command.command("verify")
@click.argument(
    "directory", type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option(
    "--key",
    "keys",
    multiple=True,
    required=True,
    envvar="TRIVIUM_AUDIT_PUBLIC_KEY",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=(
        "Public key (PEM) that signed the log; give every key the log was ever signed"
        " with. Get it from where the platform team keeps it, not from beside the log."
    ),
)
@click.option(
    "--checkpoint",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=(
        "An earlier checkpoint.json, kept elsewhere: finds a log that was rolled back"
        " as a whole."
    ),
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def verify_command(
    directory: Path, keys: tuple[Path, ...], checkpoint: Path | None, as_json: bool
) -> None:
    """Find any changed, removed, reordered or truncated record in DIRECTORY. Exit
    status 1 if there is one."""
    try:
        trusted = TrustedKeys.from_pem(b"\n".join(_content(path) for path in keys))
    except EnvelopeError as error:
        raise AuditError(f"The public key cannot be used: {error}.") from error
    earlier = _content(checkpoint) if checkpoint else None
    found = verify(directory, trusted, checkpoint=earlier)
    if as_json:
        print_json(_plain(found))
    else:
        _print(found)
    if not found.intact:
        raise click.exceptions.Exit(1)


def _content(path: Path) -> bytes:
    """The content of a file that an option names. Raises `AuditError`."""
    try:
        return read_given(path)
    except OSError as error:
        raise AuditError(
            f"{path} cannot be read: {error.strerror}.",
            next_step="Name a regular file that this process can read.",
        ) from error


def _plain(found: Verification) -> dict[str, object]:
    """The result as JSON has it."""
    fields = {name: getattr(found, name) for name in found.__dataclass_fields__}
    return {
        **fields,
        "directory": str(found.directory),
        "intact": found.intact,
        "problems": msgspec.to_builtins(found.problems),
    }


def _print(found: Verification) -> None:
    """The result for a person."""
    for problem in found.problems:
        click.echo(f"problem: {problem.text}", err=True)
    verdict = (
        "intact" if found.intact else f"NOT INTACT, {len(found.problems)} problem(s)"
    )
    click.echo(f"{found.directory}: {verdict}")
    click.echo(
        f"  deployment {found.deployment or 'unknown'}, {found.first_time or '-'} to"
        f" {found.last_time or '-'}"
    )
    click.echo(
        f"  {found.records} records sealed in {found.segments} segments of"
        f" {found.shards} shards"
    )
    if found.unsealed:
        click.echo(
            f"  {found.unsealed} more are not sealed yet: nothing is proven about them"
        )
    if not found.compared:
        click.echo(
            "  not compared with an earlier checkpoint: a roll-back of the whole log is"
            " not verifiable here"
        )
