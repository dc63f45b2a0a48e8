"""The local model endpoints, as a process that serves exactly what a descriptor's
routes name, and misbehaves when told to."""

import json
import secrets
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import msgspec

from trivium.vocabulary.deployment import Deployment, GuardrailRef, Route
from trivium.vocabulary.residency import Cloud
from trivium_rehearsal import processes

SERVICE: Mapping[Cloud, str] = {"aws": "bedrock", "gcp": "vertex", "azure": "foundry"}
"""The name of each cloud's endpoint."""

READY_S = 60.0
"""How long the endpoints may take to start. They load the embedded model, which takes
half a second, and much longer on a busy machine."""

# Loopback: a proxy that the user has set is not asked.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Credentials:
    """Made for one rehearsal; they open the local endpoints and nothing else."""

    access_key_id: str
    secret_access_key: str
    google_token: str
    entra_token: str

    @classmethod
    def fresh(cls) -> "Credentials":
        """New ones."""
        return cls(
            access_key_id="AKIA" + secrets.token_hex(8).upper(),
            secret_access_key=secrets.token_hex(20),
            google_token="ya29." + secrets.token_urlsafe(32),
            entra_token=secrets.token_urlsafe(48),
        )

    def environment(self) -> dict[str, str]:
        """How an application finds them."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "GOOGLE_OAUTH_ACCESS_TOKEN": self.google_token,
            "AZURE_ACCESS_TOKEN": self.entra_token,
        }

    def __repr__(self) -> str:
        return "<Credentials>"


class Endpoints:
    """The local model endpoints, as a running process."""

    def __init__(self, addresses: Mapping[str, str], credentials: Credentials) -> None:
        self._addresses = addresses
        self._before_reset = 0
        self.credentials = credentials

    def rehearsed(self, draft: Deployment) -> Deployment:
        """The draft with the local endpoints in place of the clouds', marked as a
        rehearsal."""
        return msgspec.structs.replace(
            draft,
            rehearsal=True,
            routes=tuple(self._moved(route) for route in draft.routes),
        )

    def order(self, **fault: object) -> None:
        """Order a fault (see endpoints/serving/faults.py)."""
        self._control("/faults", fault)

    def reset(self) -> None:
        """No faults, and counters at zero."""
        self._before_reset += self._requests()
        self._control("/reset", {})

    def counters(self) -> dict[str, Any]:
        """Per endpoint what arrived and what became of it. Any: the ledger's JSON."""
        return dict(self._control("/counters"))

    @property
    def arrived(self) -> int:
        """Requests that have arrived at all endpoints since they were started."""
        return self._before_reset + self._requests()

    def _requests(self) -> int:
        return sum(int(account["requests"]) for account in self.counters().values())

    def received(self, text: str) -> dict[str, Any]:
        """Per endpoint in how many requests the text arrived, and whether all were kept
        to look through."""
        return dict(self._control("/received_contains", {"text": text}))

    def _moved(self, route: Route) -> Route:
        location = route.endpoint.partition("/v1/")[2] if route.cloud == "gcp" else ""
        suffix = {"aws": "", "gcp": f"/v1/{location}", "azure": "/anthropic"}[
            route.cloud
        ]
        endpoint = self._addresses[SERVICE[route.cloud]] + suffix
        return msgspec.structs.replace(
            route, endpoint=endpoint, guardrail=_spelled(route.guardrail)
        )

    def _control(
        self, path: str, body: object = None
    ) -> Any:  # JSON, whose shape is the endpoint's
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 -- our own loopback address
            self._addresses["control"] + path,
            data=data,
            headers={"content-type": "application/json"},
        )
        with _DIRECT.open(request, timeout=10) as answer:
            return json.load(answer) if answer.status == HTTPStatus.OK else None


@contextmanager
def endpoints(
    draft: Deployment, *, env: Mapping[str, str], logs: Path
) -> Iterator[Endpoints]:
    """Start endpoints that serve exactly what the draft's routes name."""
    credentials = Credentials.fresh()
    log = logs / "endpoints.log"
    log.unlink(missing_ok=True)
    command = [sys.executable, "-m", "trivium_rehearsal.endpoints", "--config", "-"]
    with processes.start(
        command,
        name="the local model endpoints",
        env=env,
        log=log,
        stdin=subprocess.PIPE,
    ) as child:
        assert child.stdin is not None  # noqa: S101 -- asked for above
        child.stdin.write(json.dumps(configuration(draft, credentials)).encode())
        child.stdin.close()
        said = processes.wait_until_says(child, r"^\{.*\}$", timeout_s=READY_S)
        yield Endpoints(json.loads(said[0]), credentials)


def _spelled(guardrail: GuardrailRef | None) -> GuardrailRef | None:
    """The local AWS makes guardrail ids like `gr-6cea86`, with a hyphen that the
    Bedrock runtime's API refuses."""
    if guardrail is None:
        return None
    return msgspec.structs.replace(
        guardrail, identifier=guardrail.identifier.replace("-", "")
    )


def configuration(draft: Deployment, credentials: Credentials) -> dict[str, Any]:
    """What the endpoints are told: the identities, and the models of the draft's
    routes. Any: JSON."""
    settings: dict[str, Any] = {"source": {"kind": "model"}}
    for route in draft.routes:
        models: dict[str, Any] = {target.id: {} for target in route.models.values()}
        if route.cloud == "aws":
            identity = {
                "access_key_id": credentials.access_key_id,
                "secret_access_key": credentials.secret_access_key,
            }
            guardrail = _spelled(route.guardrail)
            guardrails = (
                {guardrail.identifier: [guardrail.version]} if guardrail else {}
            )
            settings["bedrock"] = {
                "region": route.region,
                "identities": [identity],
                "models": models,
                "guardrails": guardrails,
            }
        elif route.cloud == "gcp":
            _, project, _, location = route.endpoint.partition("/v1/")[2].split("/")
            settings["vertex"] = {
                "project": project,
                "locations": [location],
                "identities": [{"token": credentials.google_token}],
                "models": models,
            }
        else:
            settings["foundry"] = {
                "identities": [{"token": credentials.entra_token}],
                "models": models,
            }
    return settings
