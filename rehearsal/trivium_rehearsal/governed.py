"""The governed requests of a rehearsal: an ordinary application asks, while the
endpoints misbehave on order.

The application is `examples/governed/application.py`, a process of its own that knows
the signed descriptor and nothing else. What really reached the model endpoints is told
by the endpoints themselves.
"""

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

from trivium.errors import TriviumError
from trivium.vocabulary.deployment import Deployment, GuardrailRef, Route
from trivium.vocabulary.residency import Cloud, outside
from trivium_rehearsal import processes

_SERVICE: dict[Cloud, str] = {"aws": "bedrock", "gcp": "vertex", "azure": "foundry"}
SECRET = "AKIAIOSFODNN7EXAMPLE"  # noqa: S105 -- Amazon's documentation key; the application's leak carries the same
_DIRECT = urllib.request.build_opener(
    urllib.request.ProxyHandler({})
)  # loopback: whatever proxy the user has set
READY_S = 60.0
"""The endpoints load the embedded model when they start: half a second here, much more
on a busy machine."""
SCENE_S = 180.0
"""No scene may take longer; the slowest waits for nine answers of an embedded model."""


@dataclass(frozen=True)
class Answer:
    """One question that was answered."""

    route: str
    cloud: str
    tier: str
    text: str
    latency_ms: float
    guard_ms: float
    input_tokens: int
    output_tokens: int
    cost_usd: float


@dataclass(frozen=True)
class Claim:
    """Something that a rehearsal must show, and whether it did."""

    sentence: str
    holds: bool
    evidence: str


@dataclass(frozen=True)
class Demonstration:
    """What the scenes showed."""

    answers: tuple[Answer, ...]
    claims: tuple[Claim, ...]
    attempts: int
    """Attempts that the endpoints and the guard saw, and that the audit log must
    therefore hold."""


class SceneError(TriviumError):
    """The application of a scene ended without a result."""

    fault = "platform"


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
        """Order a fault (see endpoints/faults.py)."""
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
        endpoint = self._addresses[_SERVICE[route.cloud]] + suffix
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
        child.stdin.write(json.dumps(_configuration(draft, credentials)).encode())
        child.stdin.close()
        said = processes.wait_until_says(child, r"^\{.*\}$", timeout_s=READY_S)
        yield Endpoints(json.loads(said[0]), credentials)


@dataclass(frozen=True)
class Application:
    """How to run a scene of the application."""

    script: Path
    env: Mapping[str, str]
    logs: Path

    def play(self, scene: str) -> Iterator[dict[str, Any]]:
        """Run one scene; its results as they come. Any: the application's JSON."""
        log = self.logs / f"application-{scene}.log"
        with (
            log.open("wb") as errors,
            processes.start(
                [sys.executable, self.script, scene],
                name=f"the application ({scene})",
                env=self.env,
                stdout=subprocess.PIPE,
                stderr=errors,
            ) as child,
        ):
            assert child.stdout is not None  # noqa: S101 -- asked for above
            for line in child.stdout:
                yield json.loads(line)
            code = child.wait(SCENE_S)
        if code:
            raise SceneError(
                f"The application's scene `{scene}` ended with exit code"
                f" {code}:\n{log.read_text(errors='replace')}"
            )


def answer_everywhere(
    application: Application, deployment: Deployment
) -> tuple[tuple[Answer, ...], Claim]:
    """One question on each route and tier."""
    results = list(application.play("answers"))
    answers = tuple(
        Answer(**{name: result[name] for name in Answer.__dataclass_fields__})
        for result in results
        if result["outcome"] == "answered"
        and result["text"].strip()
        and result["rehearsal"]
    )
    asked = sum(len(route.models) for route in deployment.routes)
    refusals = "; ".join(
        result["message"] for result in results if result["outcome"] != "answered"
    )
    return answers, Claim(
        "Every route answers on every tier, and says that it is a rehearsal",
        len(answers) == asked == len(results),
        f"{len(answers)} of {asked} answered" + (f": {refusals}" if refusals else ""),
    )


def stop_a_secret(application: Application, local: Endpoints) -> Claim:
    """A question that carries a secret is refused before it leaves; the endpoints never
    see it."""
    before = local.arrived
    (result,) = application.play("leak")
    arrived = local.arrived - before
    seen = local.received(SECRET)
    nothing = arrived == 0 and all(
        found["requests"] == 0 and found["complete"] for found in seen.values()
    )
    provisions = ", ".join(result.get("provisions", ())) or result["outcome"]
    return Claim(
        "A secret is stopped before it leaves",
        result["outcome"] == "blocked" and nothing,
        f"{provisions}; requests that reached an endpoint: {arrived}",
    )


def fail_over(
    application: Application, local: Endpoints, deployment: Deployment
) -> Claim:
    """The preferred route is overloaded; another one inside the zone answers."""
    first = deployment.routes[0]
    local.order(
        kind="overloaded", cloud=_SERVICE[first.cloud], times=None, retry_after_s=None
    )
    (result,) = application.play("ask")
    refused = local.counters()[_SERVICE[first.cloud]]["outcomes"].get(
        "fault:overloaded", 0
    )
    local.reset()
    if result["outcome"] != "answered":
        return Claim(
            "A 529 storm moves the request to another cloud in the zone",
            False,
            result["message"],
        )
    answered = deployment.route(result["route"])
    strays = [
        outside(deployment.zone, answered.cloud, target.destinations)
        for target in answered.models.values()
    ]
    return Claim(
        "A 529 storm moves the request to another cloud in the zone",
        answered.id != first.id and refused > 0 and not any(strays),
        f"{first.id} refused {refused} times, {answered.id} answered, zone"
        f" {deployment.zone}",
    )


def refuse_a_truncated_stream(application: Application, local: Endpoints) -> Claim:
    """Streams end cleanly and too early on every route; none of them counts as an
    answer."""
    local.order(kind="truncate", stream=True, times=None, after_events=12)
    (result,) = application.play("stream")
    local.reset()
    return Claim(
        "A stream without its end is refused",
        result["outcome"] == "truncated_stream",
        f"{result['outcome']} after {result['pieces']} pieces",
    )


def stream_an_answer(application: Application) -> Claim:
    """A whole stream comes in pieces and ends."""
    (result,) = application.play("stream")
    return Claim(
        "A whole stream is an answer",
        result["outcome"] == "answered" and result["pieces"] > 1,
        (
            f"{result['pieces']} pieces"
            if result["outcome"] == "answered"
            else result["message"]
        ),
    )


def _spelled(guardrail: GuardrailRef | None) -> GuardrailRef | None:
    """The local AWS makes guardrail ids like `gr-6cea86`, with a hyphen that the
    Bedrock runtime's API refuses."""
    if guardrail is None:
        return None
    return msgspec.structs.replace(
        guardrail, identifier=guardrail.identifier.replace("-", "")
    )


def _configuration(draft: Deployment, credentials: Credentials) -> dict[str, Any]:
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
