"""`trivium doctor`: can this machine use its deployment? Looks, and changes nothing."""

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import click

from trivium.cli import print_json
from trivium.client.loading import audit_directory, fetch, trusted_keys
from trivium.errors import TriviumError
from trivium.http import Connection, NoAnswerError, Request, once
from trivium.vocabulary import deployment as vocabulary
from trivium.vocabulary.residency import Cloud

Verdict = Literal["ok", "warn", "fail"]
CONNECT_S = 5.0
"""How long an endpoint may take to answer."""

SOON_DAYS = 14
"""Two weeks: enough to sign a new descriptor without hurry."""
_EXTRAS = {"aws": "boto3", "gcp": "google.auth", "azure": "azure.identity"}


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    verdict: Verdict
    subject: str
    found: str
    remedy: str = ""


@dataclass(frozen=True)
class _Found:
    """The descriptor, read as the client reads it."""

    deployed: vocabulary.Deployment
    base: Path | None


@click.command("doctor")
@click.option(
    "--deployment", envvar="TRIVIUM_DEPLOYMENT", help="Signed descriptor: path or URL."
)
@click.option(
    "--trust", envvar="TRIVIUM_TRUSTED_KEYS", help="Public key (PEM) that signed it."
)
@click.option(
    "--connect",
    is_flag=True,
    help=(
        "Also connect to each route's endpoint, as the client does: an empty GET,"
        " without credentials."
    ),
)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(
    deployment: str | None, trust: str | None, connect: bool, as_json: bool
) -> None:
    """Check whether this machine can use its deployment. Exit status 1 if it cannot."""
    checks = list(_checks(deployment, trust, connect=connect))
    if as_json:
        print_json([vars(check) for check in checks])
    else:
        for check in checks:
            click.echo(f"{check.verdict:<5} {check.subject}: {check.found}")
            if check.remedy:
                click.echo(f"      {check.remedy}")
    if any(check.verdict == "fail" for check in checks):
        raise click.exceptions.Exit(1)


def _checks(source: str | None, trust: str | None, *, connect: bool) -> Iterator[Check]:
    """Each check with its outcome, in the order of dependence."""
    version = ".".join(map(str, sys.version_info[:3]))
    yield Check("ok" if sys.version_info >= (3, 11) else "fail", "Python", version)
    found = None
    for check in _deployment_checks(source, trust):
        if isinstance(check, Check):
            yield check
        else:
            found = check
    if found is None:
        return
    deployed = found.deployed
    yield _constitution(deployed, found.base)
    for cloud in dict.fromkeys(route.cloud for route in deployed.routes):
        yield _extra(cloud)
    yield _audit_directory(deployed.name)
    if connect:
        for route in deployed.routes:
            yield _connection(route, rehearsal=deployed.rehearsal)


def _deployment_checks(
    source: str | None, trust: str | None
) -> Iterator[Check | _Found]:
    """Look at the descriptor and the keys; the last thing is the descriptor itself, if
    it can be used."""
    if not source:
        remedy = "Set TRIVIUM_DEPLOYMENT to the signed descriptor."
        yield Check("fail", "Deployment", "none named", remedy)
        return
    if not trust:
        remedy = "Set TRIVIUM_TRUSTED_KEYS to the public key's PEM file."
        yield Check("fail", "Trusted keys", "none named", remedy)
        return
    subject = "Trusted keys"
    try:
        keys = trusted_keys(trust)
        subject = "Deployment"
        document, base = fetch(source)
        deployed = vocabulary.verify(document, keys, now=datetime.now(UTC))
    except TriviumError as error:
        yield Check("fail", subject, error.message, error.next_step or "")
        return
    yield from _validity(deployed)
    yield _Found(deployed, base)


def _validity(deployed: vocabulary.Deployment) -> Iterator[Check]:
    """What was signed, and for how long it still holds."""
    days = (datetime.fromisoformat(deployed.expires_at) - datetime.now(UTC)).days
    kind = "a rehearsal" if deployed.rehearsal else f"zone {deployed.zone}"
    yield Check(
        "ok",
        "Deployment",
        f"`{deployed.name}`, {kind}, {len(deployed.routes)} routes, signature verified",
    )
    if days < SOON_DAYS:
        yield Check(
            "warn",
            "Validity",
            f"expires in {days} days",
            "Ask the platform team to sign a new descriptor.",
        )


def _constitution(deployed: vocabulary.Deployment, base: Path | None) -> Check:
    from trivium.constitution import load_layers

    try:
        constitution = load_layers(deployed.constitution, base=base)
    except TriviumError as error:
        return Check("fail", "Constitution", error.message, error.next_step or "")
    return Check(
        "ok",
        "Constitution",
        f"{len(deployed.constitution.layers)} layers, {constitution.digest[:23]}…",
    )


def _extra(cloud: Cloud) -> Check:
    """Whether the libraries of a route's cloud are installed."""
    module = _EXTRAS[cloud]
    try:
        there = importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        there = False
    if there:
        return Check("ok", f"Credentials for {cloud}", f"{module} can look for them")
    remedy = (
        f"Install trivium[{cloud}], or pass credentials= to Client.from_deployment."
    )
    return Check(
        "warn",
        f"Credentials for {cloud}",
        f"{module} is not installed: only environment variables",
        remedy,
    )


def _audit_directory(deployment: str) -> Check:
    path = audit_directory(None, deployment).absolute()
    there = next(parent for parent in (path, *path.parents) if parent.exists())
    if not os.access(there, os.W_OK):
        return Check(
            "fail",
            "Audit log",
            f"{there} is not writable",
            "Set TRIVIUM_AUDIT_DIR to a writable directory.",
        )
    free = shutil.disk_usage(there).free
    if free < 1 << 30:  # a gigabyte: about a million records
        return Check(
            "warn",
            "Audit log",
            f"{free >> 20} MiB free at {there}",
            "A full disk refuses every request.",
        )
    return Check("ok", "Audit log", f"{path}, {free >> 30} GiB free")


def _connection(route: vocabulary.Route, *, rehearsal: bool) -> Check:
    """Whether the client's own transport gets an answer from the endpoint. What the
    answer says does not matter: nothing authorises the request."""
    asked = Request(route.endpoint, {}, method="GET", timeout_s=CONNECT_S)
    connection = Connection(connect_timeout_s=CONNECT_S, loopback=rehearsal)
    subject, host = f"Route {route.id}", urlsplit(route.endpoint).netloc
    try:
        once(asked, connection, most_bytes=0)
    except NoAnswerError as error:
        found, remedy = error.meaning
        return Check("fail", subject, f"{host} {found} ({error.cause})", remedy)
    except TriviumError as error:
        return Check("fail", subject, error.message, error.next_step or "")
    return Check("ok", subject, f"{host} answers")
