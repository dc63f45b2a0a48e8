"""What the sync and the async client are both made of: a verified deployment and its
guard, log and credentials."""

import secrets
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from trivium.audit import AuditLog, Stated
from trivium.client.arguments import request_of
from trivium.client.core import Core
from trivium.client.effects import Steps
from trivium.client.elsewhere import Explained
from trivium.client.loading import (
    audit_directory,
    catalogue_override,
    fetch,
    open_log,
    review_queue,
    trusted_keys,
)
from trivium.client.message import Message
from trivium.client.options import Options
from trivium.client.surroundings import Lifetime, Surroundings
from trivium.constitution import Constitution, load_layers
from trivium.credentials import Authoriser, Sources
from trivium.errors import CredentialsError
from trivium.guard import Guard
from trivium.http import Connection, Trust
from trivium.vocabulary import catalogue, deployment, envelope
from trivium.vocabulary.deployment import Deployment
from trivium.vocabulary.moment import rfc3339
from trivium.vocabulary.residency import Cloud

_Self = TypeVar("_Self", bound="Shared")


class Shared(Explained):
    """What both clients are made of."""

    def __init__(
        self,
        deployed: Deployment,
        *,
        guard: Guard,
        log: AuditLog,
        credentials: Sources | None = None,
        options: Options | None = None,
        prices: catalogue.Catalogue | None = None,
        reviews: Path | None = None,
    ) -> None:
        _require_clouds(credentials)
        self.deployment = deployed
        """The verified descriptor."""
        self.options = options or Options()
        """How patient the client is."""
        self._core = Core(
            deployed,
            digest=envelope.digest(deployment.encode(deployed)),
            guard=guard,
            catalogue=prices or catalogue.load(),
            options=self.options,
        )
        self._constitution = guard.constitution.digest
        self._connection = Connection(
            connect_timeout_s=self.options.connect_timeout_s,
            read_timeout_s=self.options.read_timeout_s,
            trust=_trust(self.options),
            loopback=deployed.rehearsal,
        )
        self._life = Lifetime(log)
        self._surroundings = Surroundings(
            self._life,
            {
                route.id: Authoriser(route, credentials or {})
                for route in deployed.routes
            },
            reviews,
        )

    @classmethod
    def from_deployment(
        cls: type[_Self],
        source: str | Path | None = None,
        *,
        trust: str | Path | bytes | envelope.TrustedKeys | None = None,
        credentials: Sources | None = None,
        audit_dir: str | Path | None = None,
        reviews: str | Path | None = None,
        options: Options | None = None,
    ) -> _Self:
        """A client for a signed deployment descriptor.

        `source`: path, or `https:` or `file:` URL; by default TRIVIUM_DEPLOYMENT.
        `trust`: the public keys it may be signed with, as PEM or the path of a PEM
        file; by default TRIVIUM_TRUSTED_KEYS. A descriptor without either is refused.
        `credentials`: for each cloud a credential, or a function that fetches one; by
        default the environment and the clouds' own libraries. `audit_dir`: folder of
        the audit log; by default TRIVIUM_AUDIT_DIR, or the user's state folder.
        `reviews`: file of the review queue; by default TRIVIUM_REVIEWS, or one beside
        the audit log's folder.

        Raises `DeploymentError`, `ConstitutionError` or `AuditError`: what is not
        verified is not used.
        """
        document, base = fetch(source)
        now = datetime.now(UTC)
        deployed = deployment.verify(document, trusted_keys(trust), now=now)
        guard = Guard(load_layers(deployed.constitution, base=base))
        prices = catalogue.load(catalogue_override())

        directory = audit_directory(audit_dir, deployed.name)
        log = open_log(directory, deployed.name, durability=deployed.audit.durability)
        try:
            log.state(_documents(deployed, guard.constitution, now))
            return cls(
                deployed,
                guard=guard,
                log=log,
                credentials=credentials,
                options=options,
                prices=prices,
                reviews=review_queue(reviews, directory),
            )
        except BaseException:
            log.close()
            raise

    def _steps(self, arguments: Mapping[str, Any], *, stream: bool) -> Steps[Message]:
        """Any: the arguments of `create` and `stream`, checked by `request_of`."""
        request, labels = request_of(arguments)
        return self._core.steps(
            request,
            request_id="req_" + secrets.token_hex(12),
            stream=stream,
            user_id=labels.pop("user_id", None),
            attributes=labels,
        )


def _documents(
    deployed: Deployment, constitution: Constitution, at: datetime
) -> Iterator[Stated]:
    """What the records of a client name by digest: the descriptor and the layers."""
    descriptor = deployment.encode(deployed)
    named: list[tuple[Literal["descriptor", "layer"], str, bytes]] = [
        ("descriptor", deployed.name, descriptor),
        *(("layer", layer.name, layer.document) for layer in constitution.layers),
    ]
    for subject, name, document in named:
        yield Stated(
            time=rfc3339(at),
            deployment=deployed.name,
            subject=subject,
            name=name,
            digest=envelope.digest(document),
            document=document.decode(),
        )


def _trust(options: Options) -> Trust:
    bundle, certificate = options.ca_bundle, options.client_cert
    return Trust(
        ca_bundle=Path(bundle) if bundle else None,
        client_cert=Path(certificate) if certificate else None,
    )


def _require_clouds(credentials: Sources | None) -> None:
    """Raise `CredentialsError` for a credential that would never be used."""
    strangers = sorted(set(credentials or ()) - set(get_args(Cloud)))
    if strangers:
        raise CredentialsError(
            f"credentials= names `{strangers[0]}`, expected one of"
            f" {', '.join(get_args(Cloud))}; it would never be used.",
            next_step="Correct the name of the cloud.",
        )
