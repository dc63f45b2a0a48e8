"""`make up`: the whole house on one machine, and the proof that it holds.

The real engine deploys the stack `rehearsal` against the stand-ins, the descriptor is
signed, an application asks governed questions through all routes while things go wrong,
and the audit log is verified. If a claim does not hold, the command fails. No process
keeps running.
"""

import time
from collections.abc import Mapping
from pathlib import Path

from trivium.vocabulary import deployment as vocabulary
from trivium.vocabulary import envelope
from trivium.vocabulary.deployment import Deployment
from trivium_rehearsal import processes, trivium_command
from trivium_rehearsal.application import Application
from trivium_rehearsal.claims import Scene, claims, prove
from trivium_rehearsal.deploying import deploy, driven, forget_a_torn_state
from trivium_rehearsal.environment import rehearsal_environment
from trivium_rehearsal.levels import level_of
from trivium_rehearsal.local_endpoints import Endpoints, endpoints
from trivium_rehearsal.places import Places, alone, require_room
from trivium_rehearsal.report import Summary, by_level, write
from trivium_rehearsal.stack import Outcome
from trivium_rehearsal.stand_ins import stand_ins
from trivium_rehearsal.toolchain.engine import ensure_engine
from trivium_rehearsal.toolchain.progress import Progress


def up(root: Path, progress: Progress) -> Summary:
    """Deploy, ask, prove.

    Raises `TriviumError` when a step fails; claims that do not hold are in the summary.
    """
    started = time.monotonic()
    places = Places(root)
    require_room(root)
    with alone(places), processes.ended_like_ctrl_c():
        forget_a_torn_state(places, progress)
        engine = ensure_engine(progress)
        env = rehearsal_environment(root, path=engine.path)
        with stand_ins(places, env, progress) as variables:
            stack = driven(places, engine, env | variables)
            outcome = deploy(stack, places, progress)
            draft = vocabulary.from_plain(stack.outputs()["descriptor"])
            types = stack.types()

        progress.say("Starting the local model endpoints.")
        with endpoints(draft, env=env, logs=places.logs) as local:
            progress.say("Signing the deployment descriptor.")
            deployment = trivium_command.signed(local.rehearsed(draft), places, env)
            progress.say(
                "Asking governed questions on every route; the embedded model answers."
            )
            scene = _scene(places, env, local, deployment, outcome)
            proofs, answers = prove(claims(), scene)
        audit = scene.verified()
    summary = Summary(
        engine=f"pulumi {engine.version} ({engine.origin})",
        resources=by_level(types, {token: level_of(token).value for token in types}),
        changes=dict(outcome.changes),
        policies=tuple(sorted(outcome.policies)),
        advice=(*outcome.violations, *outcome.diagnostics),
        descriptor=str(places.descriptor.relative_to(root)),
        digest=envelope.digest(vocabulary.encode(deployment)),
        signer=trivium_command.signer(places),
        answers=answers,
        claims=proofs,
        audit=audit,
        seconds=time.monotonic() - started,
    )
    write(summary, places.home / "summary.json", places.home / "summary.html")
    return summary


def _scene(
    places: Places,
    env: Mapping[str, str],
    local: Endpoints,
    deployment: Deployment,
    outcome: Outcome,
) -> Scene:
    """What the claims are shown with."""
    trusting = trivium_command.trusting(places)
    application = Application(
        places.root / "examples" / "governed" / "application.py",
        {**env, **trusting, **local.credentials.environment()},
        places.logs,
    )
    return Scene(
        application=application,
        local=local,
        deployment=deployment,
        outcome=outcome,
        verified=lambda: trivium_command.verified(places, env),
        evaluated=lambda: trivium_command.evaluated(places, application.env),
        recorded_before=trivium_command.recorded(places, env),
    )
