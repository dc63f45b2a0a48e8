"""Where a client finds its descriptor, the keys that it trusts, and a place for its
audit log."""

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from trivium.audit import AuditLog, earlier_keys, load_or_create
from trivium.audit.shard import Durability
from trivium.errors import ConfigurationError, DeploymentError, DeploymentSignatureError
from trivium.vocabulary.envelope import EnvelopeError, TrustedKeys

MAX_DESCRIPTOR_BYTES = 1 << 20
"""A descriptor has some kilobytes; anything larger is not one."""

DOWNLOAD_S = 30.0
"""How long fetching a descriptor may take."""


def fetch(source: str | Path | None) -> tuple[bytes, Path | None]:
    """The descriptor's bytes and the folder that its `path:` layers are relative to.
    Raises `DeploymentError`."""
    named = source if source is not None else os.environ.get("TRIVIUM_DEPLOYMENT")
    if not named:
        raise DeploymentError(
            "No deployment descriptor is named, so there is nowhere to send a request.",
            next_step="Pass its path or URL, or set TRIVIUM_DEPLOYMENT.",
        )
    text = str(named)
    try:
        parts = urlsplit(text)
    except ValueError as error:  # a bracket that is not closed
        raise _no_address() from error
    if parts.scheme == "https":
        return _download(text), None
    path = Path(unquote(parts.path)) if parts.scheme == "file" else Path(text)
    if "://" in text and parts.scheme != "file":
        raise DeploymentError(
            f"The descriptor's address begins with `{parts.scheme}:`, expected `https:`"
            " or a path."
        )
    try:
        with path.open("rb") as file:
            return (
                _sized(file.read(MAX_DESCRIPTOR_BYTES + 1), text),
                path.resolve().parent,
            )
    except OSError as error:
        raise DeploymentError(
            f"The deployment descriptor {path} cannot be read: {error.strerror}.",
            next_step="Correct the path, or TRIVIUM_DEPLOYMENT.",
        ) from error


def trusted_keys(trust: str | Path | bytes | TrustedKeys | None) -> TrustedKeys:
    """The keys that a descriptor may be signed with. Raises `DeploymentSignatureError`
    where there are none, because nothing could then be verified."""
    named = trust if trust is not None else os.environ.get("TRIVIUM_TRUSTED_KEYS")
    if isinstance(named, TrustedKeys):
        return named
    if not named:
        raise DeploymentSignatureError(
            "No trusted key is named, so the deployment descriptor's signature cannot"
            " be verified.",
            next_step=(
                "Pass trust=, or set TRIVIUM_TRUSTED_KEYS to the platform team's public"
                " key (a PEM file)."
            ),
        )
    try:
        if isinstance(named, str) and "-----BEGIN" in named:
            named = named.encode()
        return TrustedKeys.from_pem(
            named if isinstance(named, bytes) else Path(named).read_bytes()
        )
    except (OSError, EnvelopeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise DeploymentSignatureError(
            f"The trusted keys cannot be used: {reason}.",
            next_step="Name a PEM file of public keys.",
        ) from error


def catalogue_override() -> bytes | None:
    """The file named by TRIVIUM_CATALOGUE, if one is. Raises `ConfigurationError`."""
    named = os.environ.get("TRIVIUM_CATALOGUE")
    if not named:
        return None
    try:
        return Path(named).read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"The model catalogue {named} cannot be read: {error.strerror}.",
            next_step="Correct TRIVIUM_CATALOGUE, or unset it to use the shipped one.",
        ) from error


def audit_directory(given: str | Path | None, deployment: str) -> Path:
    """The folder of the audit log: what is given, TRIVIUM_AUDIT_DIR, or the user's
    state folder (XDG)."""
    named = given or os.environ.get("TRIVIUM_AUDIT_DIR")
    if named:
        return Path(named)
    state = os.environ.get("XDG_STATE_HOME", "")
    base = (
        Path(state) if Path(state).is_absolute() else Path.home() / ".local" / "state"
    )
    return base / "trivium" / "audit" / deployment


def audit_key(directory: Path) -> Path:
    """The file of the key that seals the log: TRIVIUM_AUDIT_KEY, or one beside the
    log's folder."""
    named = os.environ.get("TRIVIUM_AUDIT_KEY")
    return Path(named) if named else directory.with_name(f"{directory.name}.pem")


def open_log(
    directory: Path, deployment: str, *, durability: Durability = "sync"
) -> AuditLog:
    """The audit log in a folder, sealed with the key that belongs to it. Raises
    `AuditError`."""
    key = audit_key(directory)
    return AuditLog.open(
        directory,
        signer=load_or_create(key),
        deployment=deployment,
        earlier_keys=earlier_keys(key),
        durability=durability,
    )


def review_queue(given: str | Path | None, directory: Path) -> Path:
    """The file of the review queue: what is given, TRIVIUM_REVIEWS, or one beside the
    audit log's folder."""
    named = given or os.environ.get("TRIVIUM_REVIEWS")
    return Path(named) if named else directory.with_name(f"{directory.name}.reviews.db")


def _download(address: str) -> bytes:
    """The bytes at an `https:` address. The address is never shown: what gives access
    may stand in it, as in a presigned one."""
    from trivium.http import Connection, NoAnswerError, Request, once

    asked = Request(address, {}, method="GET", timeout_s=DOWNLOAD_S)
    try:
        answer = once(asked, Connection(), most_bytes=MAX_DESCRIPTOR_BYTES)
    except NoAnswerError as error:
        if error.cause == "address":
            raise _no_address() from error
        raise DeploymentError(
            f"The deployment descriptor cannot be fetched: the host"
            f" {error.meaning.found}.",
            next_step=error.meaning.remedy,
        ) from error
    if answer.status != 200:
        raise DeploymentError(
            f"The deployment descriptor cannot be fetched: HTTP {answer.status}.",
            next_step="Give its final address: redirects are not followed.",
        )
    return _sized(answer.body, "What was fetched")


def _no_address() -> DeploymentError:
    return DeploymentError(
        "The address of the deployment descriptor does not have the form"
        " `https://HOST/PATH`, so nothing was fetched.",
        next_step="Correct the address, or TRIVIUM_DEPLOYMENT.",
    )


def _sized(content: bytes, name: str) -> bytes:
    if len(content) > MAX_DESCRIPTOR_BYTES:
        raise DeploymentError(
            f"{name} is larger than {MAX_DESCRIPTOR_BYTES} bytes, so it is not a"
            " deployment descriptor."
        )
    return content
