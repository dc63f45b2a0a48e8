"""What the sync and the async client are both made of: a verified deployment and its
guard, log and credentials."""

import os
import secrets
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, get_args

from trivium.audit import AuditLog, AuditRecord, earlier_keys, load_or_create
from trivium.client.core import Core, Send, Steps
from trivium.client.elsewhere import Explained
from trivium.client.loading import (
    audit_directory,
    audit_key,
    catalogue_override,
    fetch,
    trusted_keys,
)
from trivium.client.message import request_of
from trivium.client.options import Options
from trivium.client.transport import FORKED
from trivium.constitution import load_layers
from trivium.credentials import Authoriser, Sources
from trivium.errors import AuditError, AuditWriteError, CredentialsError, RequestError
from trivium.guard import Guard
from trivium.vocabulary import catalogue, deployment, envelope
from trivium.vocabulary.deployment import Deployment
from trivium.vocabulary.residency import Cloud

RUNNING: set[object] = set()
"""Requests that run. What Python finds unreachable it takes away in any order; what
stands here stays whole until the attempt is recorded."""

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
    ) -> None:
        self.deployment = deployed
        """The verified descriptor."""
        self.options = options or Options()
        """How patient the client is."""
        self._log = log
        self._core = Core(
            deployed,
            digest=envelope.digest(deployment.encode(deployed)),
            guard=guard,
            catalogue=prices or catalogue.load(),
            options=self.options,
        )
        strangers = sorted(set(credentials or ()) - set(get_args(Cloud)))
        if strangers:
            raise CredentialsError(
                f"credentials= names `{strangers[0]}`, expected"
                f" {', '.join(get_args(Cloud))}; it would never be used."
            )
        self._authorisers = {
            route.id: Authoriser(route, credentials or {}) for route in deployed.routes
        }
        self._pid = os.getpid()
        self._mutex = threading.Lock()
        self._running = 0
        self._closed = False

    @classmethod
    def from_deployment(
        cls: type[_Self],
        source: str | Path | None = None,
        *,
        trust: str | Path | bytes | envelope.TrustedKeys | None = None,
        credentials: Sources | None = None,
        audit_dir: str | Path | None = None,
        options: Options | None = None,
    ) -> _Self:
        """A client for a signed deployment descriptor.

        `source`: path or `https:`/`file:` URL; without it the variable
        TRIVIUM_DEPLOYMENT. `trust`: the public keys it may be signed with, as PEM or a
        PEM file's path; without it TRIVIUM_TRUSTED_KEYS; without either it is refused.
        `credentials`: for each cloud a credential or what fetches one; without it the
        environment and the clouds' own libraries. `audit_dir`: folder of the audit log;
        without it TRIVIUM_AUDIT_DIR, or the user's state folder.

        Raises `DeploymentError`, `ConstitutionError` or `AuditError`: what is not
        verified is not used.
        """
        document, base = fetch(source)
        deployed = deployment.verify(
            document, trusted_keys(trust), now=datetime.now(UTC)
        )
        guard = Guard(load_layers(deployed.constitution, base=base))
        prices = catalogue.load(catalogue_override())
        directory = audit_directory(audit_dir, deployed.name)
        key = audit_key(directory)
        log = AuditLog.open(
            directory,
            signer=load_or_create(key),
            deployment=deployed.name,
            earlier_keys=earlier_keys(key),
            durability=deployed.audit.durability,
        )
        try:
            return cls(
                deployed,
                guard=guard,
                log=log,
                credentials=credentials,
                options=options,
                prices=prices,
            )
        except BaseException:
            log.close()
            raise

    def _steps(self, arguments: Mapping[str, Any], *, stream: bool) -> Steps:
        """Any: the arguments of `create` and `stream`, checked by `request_of`."""
        request, labels = request_of(arguments)
        return self._core.steps(
            request,
            request_id="req_" + secrets.token_hex(12),
            stream=stream,
            user_id=labels.pop("user_id", None),
            attributes=labels,
        )

    def _begin(self) -> None:
        """A request begins. Raises `RequestError` where it could neither be sent nor
        recorded."""
        if self._forked:
            raise RequestError(
                f"This client was made in process {self._pid} and is used in"
                f" {os.getpid()}, which was forked from it; neither its connections nor"
                " its audit log survive that, so nothing was sent.",
                next_step=FORKED,
            )
        with self._mutex:
            if self._closed:
                raise RequestError(
                    "The client is closed, so nothing was sent.",
                    next_step="Make another one.",
                )
            self._running += 1

    def _end(self) -> bool:
        """A request has ended; whether the log is to be closed now, by whoever asks."""
        with self._mutex:
            self._running -= 1
            return self._closed and not self._running

    def _refuse_more(self) -> None:
        """Take no more requests."""
        with self._mutex:
            self._closed = True

    def _close_log(self) -> None:
        """Close the log, or seal it where a request still runs: its record is yet to
        come, and the last one to end closes the log."""
        with self._mutex:
            running = self._running
        if not running:
            self._log.close()
            return
        with suppress(
            AuditWriteError
        ):  # it ended in this moment, or its record will say what is wrong
            self._log.seal()

    @property
    def _forked(self) -> bool:
        return self._pid != os.getpid()

    def _append(self, record: AuditRecord) -> None:
        """Law 3: whatever goes wrong in the log is a record that is not kept."""
        try:
            self._log.append(record)
        except AuditError:
            raise
        except Exception as error:
            raise AuditWriteError(
                f"The audit log failed with {type(error).__name__}, so nothing is"
                " answered.",
                next_step=(
                    "Give the process a writable directory with free space"
                    " (TRIVIUM_AUDIT_DIR)."
                ),
            ) from error

    def _headers(self, effect: Send) -> dict[str, str]:
        authoriser = self._authorisers[effect.route.id]
        return authoriser.headers(
            effect.request.path, effect.request.headers, effect.request.body
        )
