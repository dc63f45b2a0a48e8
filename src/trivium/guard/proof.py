"""A constitution's own tests: every provision applies to its `must_match` and not to
its `must_pass`.

Each provision is judged alone, whatever its dates and its action, so that another
cannot lend it a finding.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec

from trivium.constitution import Constitution, Layer, Provision
from trivium.constitution.provision import Case
from trivium.errors import GuardFailureError
from trivium.guard.engine import Guard
from trivium.vocabulary.decision import Action, Context, Stage
from trivium.vocabulary.messages import MessageRequest, Reply, TextBlock, Usage

_REQUEST: dict[str, Any] = {"model": "sonnet", "max_tokens": 1024}  # Any: JSON
_CONTEXT = {
    "request_id": "req_proof",
    "deployment": "proof",
    "environment": "proof",
    "zone": "worldwide",
    "route": "proof",
    "cloud": "aws",
    "region": "us-east-1",
    "tier": "sonnet",
    "model": "claude-sonnet-5",
    "scope": "regional",
}
"""A harmless request and context, which a case changes."""


def prove(constitution: Constitution) -> tuple[str, ...]:
    """One sentence for every case that does not come out as stated; empty when all do.
    Cases are named by number. Provisions that `unproven` names are left out."""
    return tuple(
        problem
        for layer, provision in constitution.provisions
        if provision.decided_by == "guard"
        for expected, cases in (
            (True, provision.tests.must_match),
            (False, provision.tests.must_pass),
        )
        for number, case in enumerate(cases)
        for problem in _problems(
            layer, provision, expected, f"{_NAMES[expected]}[{number}]", case
        )
    )


def unproven(constitution: Constitution) -> tuple[str, ...]:
    """One sentence for every provision whose cases need a model's judgement, so that
    they are not verifiable here."""
    return tuple(
        f"Layer `{layer.name}`, provision `{provision.id}`: decided by a"
        f" {provision.decided_by}, so its cases are not verifiable without a model."
        for layer, provision in constitution.provisions
        if provision.decided_by != "guard"
    )


_NAMES = {True: "must_match", False: "must_pass"}


def _problems(
    layer: Layer, provision: Provision, expected: bool, name: str, case: str | Case
) -> Iterator[str]:
    """What is wrong with one case, at each stage."""
    alone = replace(
        provision,
        action=max(provision.action, Action.LOG),
        effective_from=None,
        sunset=None,
    )
    guard = Guard(
        Constitution(layers=(replace(layer, provisions=(alone,)),), digest="")
    )
    for stage in sorted(provision.stages):
        where = f"Layer `{layer.name}`, provision `{provision.id}`, {name}, {stage}"
        try:
            applied = _applies(
                guard, stage, Case(text=case) if isinstance(case, str) else case
            )
        except (GuardFailureError, msgspec.ValidationError) as error:
            yield f"{where}: it could not be judged: {error}"
            continue
        if applied is not expected:
            yield (
                f"{where}: the provision {'applies' if applied else 'does not apply'}."
            )


def _applies(guard: Guard, stage: Stage, case: Case) -> bool:
    """Whether a provision alone finds something in a case."""
    context = msgspec.convert({**_CONTEXT, **(case.context or {})}, Context)
    text = case.text or ""
    if stage == "reply":
        blocks = (TextBlock(text=text),)
        reply = Reply(
            id="", model="", content=blocks, stop_reason="end_turn", usage=Usage()
        )
        return bool(guard.check_reply(reply, context).decision.findings)
    plain = {
        **_REQUEST,
        "messages": [{"role": "user", "content": text}],
        **(case.request or {}),
    }
    return bool(
        guard.check_request(
            msgspec.convert(plain, MessageRequest), context
        ).decision.findings
    )
