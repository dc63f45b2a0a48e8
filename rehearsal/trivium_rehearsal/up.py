"""`make up`, `make ask`, `make preview`, `make down`: the whole house on one machine,
and the proof that it holds.

The real engine deploys the stack `rehearsal` against the stand-ins, the descriptor is
signed, an application asks governed questions through all routes while things go wrong,
and the audit log is verified. Whatever is not as it should be fails the command.
Nothing runs on afterwards.
"""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from trivium.errors import ConfigurationError, TriviumError
from trivium.vocabulary import deployment as vocabulary
from trivium.vocabulary import envelope
from trivium_rehearsal import governed, processes
from trivium_rehearsal.environment import rehearsal_environment
from trivium_rehearsal.governed import Application, Claim, Endpoints
from trivium_rehearsal.levels import level_of
from trivium_rehearsal.ministack import MiniStack
from trivium_rehearsal.report import Summary, by_level, write
from trivium_rehearsal.stack import Event, Outcome, Stack, replace
from trivium_rehearsal.toolchain.engine import Engine, ensure_engine
from trivium_rehearsal.toolchain.ministack import ensure_ministack
from trivium_rehearsal.toolchain.progress import Progress
from trivium_rehearsal.toolchain.room import (
    REHEARSAL_BYTES,
    demand,
    free_bytes,
    fullest,
    rehearsal_folders,
)

STACK = "rehearsal"
VALID_DAYS = 30
"""A rehearsal's descriptor: long enough to come back to, short enough to see it
expire."""
READY_S = 60.0
"""The stand-ins import the SDKs of three clouds when they start."""


@dataclass(frozen=True)
class Places:
    """Where a rehearsal keeps what; everything lies in `.trivium` and goes with
    `make down`."""

    root: Path

    @property
    def home(self) -> Path:
        """The folder of it all."""
        return self.root / ".trivium"

    @property
    def logs(self) -> Path:
        """What the engine, the stand-ins and the endpoints wrote."""
        return self.home / "logs"

    @property
    def descriptor(self) -> Path:
        """The signed descriptor; the draft that it was made from lies beside it."""
        return self.home / "deployment" / "descriptor.json"

    @property
    def key(self) -> Path:
        """The key that signs descriptors; its public half lies at `.pub`."""
        return self.home / "keys" / "deployment.pem"

    @property
    def public_key(self) -> Path:
        """What descriptors are verified with."""
        return _public(self.key)

    @property
    def audit(self) -> Path:
        """The application's audit log."""
        return self.home / "audit"

    @property
    def audit_key(self) -> Path:
        """The key that seals the audit log; its public half lies at `.pub`."""
        return self.home / "keys" / "audit.pem"

    @property
    def unfinished(self) -> Path:
        """Exists while the engine works; found at the start, it tells of a run that was
        killed."""
        return self.home / "unfinished"


def _require_room(root: Path) -> None:
    fuller = fullest(*rehearsal_folders(root))
    if free_bytes(fuller) < REHEARSAL_BYTES:
        asked = demand(fuller, REHEARSAL_BYTES)
        raise ConfigurationError(
            "A rehearsal needs disk space.",
            next_step=f"{asked} then run the same command again.",
        )


def _public(key: Path) -> Path:
    """Where the public half of a key lies."""
    return key.with_name(f"{key.name}.pub")


def up(root: Path, progress: Progress) -> Summary:
    """Deploy, ask, prove.

    Raises `TriviumError` when a step fails; claims that do not hold are in the summary.
    """
    started = time.monotonic()
    places = Places(root)
    _require_room(root)
    with _alone(places), processes.ended_like_ctrl_c():
        _forget_a_torn_state(places, progress)
        engine = ensure_engine(progress)
        env = rehearsal_environment(root, path=engine.path)
        with _stand_ins(places, env, progress) as stand_ins:
            stack = _stack(places, engine, env | stand_ins)
            outcome = _deploy(stack, places, progress)
            draft = vocabulary.from_plain(stack.outputs()["descriptor"])
            types = stack.types()
        progress.say("Starting the local model endpoints.")
        with governed.endpoints(draft, env=env, logs=places.logs) as local:
            progress.say("Signing the deployment descriptor.")
            deployment = _signed(local.rehearsed(draft), places, env)
            progress.say(
                "Asking governed questions on every route; the embedded model answers."
            )
            before = _recorded(places, env)
            answers, claims = _demonstrated(deployment, local, places, env)
            arrived = local.arrived
        progress.say("Verifying the audit log.")
        audit = _verified(places, env)
    summary = Summary(
        engine=f"pulumi {engine.version} ({engine.origin})",
        resources=by_level(types, {token: level_of(token).value for token in types}),
        changes=dict(outcome.changes),
        policies=tuple(sorted(outcome.policies)),
        advice=tuple(outcome.violations),
        descriptor=str(places.descriptor.relative_to(root)),
        digest=envelope.digest(vocabulary.encode(deployment)),
        signer=_signer(places),
        answers=answers,
        claims=(
            _judged(outcome),
            *claims,
            _audited(audit, new=audit["records"] - before, arrived=arrived),
        ),
        audit=audit,
        seconds=time.monotonic() - started,
    )
    write(summary, places.home / "summary.json", places.home / "summary.html")
    return summary


def preview(
    root: Path,
    project: Path,
    stack: str,
    progress: Progress,
    *,
    policy: Mapping[str, str] | None = None,
) -> Outcome:
    """What deploying `stack` of the Pulumi project in `project` would do, judged by the
    policy pack.

    `policy`: the variables by which the pack is told its profile and waivers
    (docs/policies.md); without them it judges by its defaults. Raises `StackError` with
    everything that a stand-in or a policy refuses. Keeps its logs alone.
    """
    places = Places(root)
    _require_room(root)
    engine = ensure_engine(progress)
    env = rehearsal_environment(root, path=engine.path)
    logs = (
        places.logs / f"preview-{project.name}-{stack}"
    )  # two previews at a time keep out of each other's way
    logs.mkdir(parents=True, exist_ok=True)
    with (
        processes.ended_like_ctrl_c(),
        tempfile.TemporaryDirectory(dir=places.home, prefix="preview-") as folder,
        _providers("none", logs, env) as stand_ins,
    ):
        scratch = {
            "PULUMI_BACKEND_URL": f"file://{folder}",
            "PULUMI_HOME": f"{folder}/home",
        }
        engine_env = env | stand_ins | scratch | dict(policy or {})
        driven = Stack(
            project,
            stack,
            folder=Path(folder) / "project",
            pulumi=engine.pulumi,
            env=engine_env,
            logs=logs,
        )
        driven.select()
        progress.say(
            f"Previewing stack `{stack}` of {project.name} with the policy pack."
        )
        return driven.preview(packs=(root / "policies",))


def ask(root: Path, question: str, model: str) -> int:
    """One question of a person's own through the rehearsed deployment, by
    `trivium ask`; its exit status.

    Raises `ConfigurationError` when there is no rehearsal yet.
    """
    places = Places(root)
    draft = places.descriptor.with_name("draft.json")
    if not draft.exists():
        raise ConfigurationError(
            "There is no rehearsed deployment to ask.", next_step="Run `make up` first."
        )
    env = rehearsal_environment(root)
    with (
        _alone(places),
        processes.ended_like_ctrl_c(),
        governed.endpoints(
            vocabulary.decode(draft.read_bytes()), env=env, logs=places.logs
        ) as local,
    ):
        _signed(local.rehearsed(vocabulary.decode(draft.read_bytes())), places, env)
        asker = {**env, **_trusting(places), **local.credentials.environment()}
        command = [sys.executable, "-m", "trivium", "ask", question, "--model", model]
        with processes.start(command, name="trivium ask", env=asker) as child:
            return child.wait()


def down(root: Path, progress: Progress) -> None:
    """Destroy the stack and remove everything that the rehearsal keeps. Where nothing
    was set up it does nothing."""
    places = Places(root)
    if not places.home.exists():
        progress.say("Nothing to take down.")
        return
    with _alone(places), processes.ended_like_ctrl_c():
        try:
            _forget_a_torn_state(places, progress)
            if _has_stack(places):
                _destroy(root, places, progress)
        finally:
            _remove(places.home)
    progress.say(
        "Removed .trivium. Kept: .venv (`make clean` removes it), and the engine in the"
        " user's cache."
    )


def _remove(home: Path) -> None:
    """Remove the folder; one that is a disk or a container's volume of its own can only
    be emptied."""
    try:
        shutil.rmtree(home)
    except OSError:
        if home.exists() and any(home.iterdir()):
            raise


def _forget_a_torn_state(places: Places, progress: Progress) -> None:
    """Begin anew when a full disk cut off what the engine remembers: it refuses to read
    it, now and ever after.

    Nothing is lost with it: the stand-ins keep nothing, and the local AWS is emptied
    along with it.
    """
    files = [
        *(places.home / "state").rglob(f"{STACK}.json"),
        *(places.home / "state").rglob("meta.yaml"),
    ]
    if all(_is_whole(file) for file in files):
        return
    progress.say(
        "The last run was cut off while it wrote the stack's state: beginning anew."
    )
    for folder in ("state", "ministack", "project"):
        shutil.rmtree(places.home / folder, ignore_errors=True)
    places.unfinished.unlink(missing_ok=True)


def _is_whole(file: Path) -> bool:
    content = file.read_bytes()
    if file.suffix != ".json":
        return bool(content.strip())
    try:
        return isinstance(json.loads(content), dict)
    except ValueError:
        return False


def _destroy(root: Path, places: Places, progress: Progress) -> None:
    engine = ensure_engine(progress)
    env = rehearsal_environment(root, path=engine.path)
    with _stand_ins(places, env, progress) as stand_ins:
        stack = _stack(places, engine, env | stand_ins)
        if places.unfinished.exists():
            stack.recover()
        progress.say("Destroying the stack `rehearsal`.")
        stack.destroy(on_event=_counted(progress, "Destroying", len(stack.types())))


def _stack(places: Places, engine: Engine, env: Mapping[str, str]) -> Stack:
    folder = places.home / "project"
    return Stack(
        places.root,
        STACK,
        folder=folder,
        pulumi=engine.pulumi,
        env=env,
        logs=places.logs,
    )


def _deploy(stack: Stack, places: Places, progress: Progress) -> Outcome:
    """`pulumi up` with the policy pack; a run that was killed before is mended
    first."""
    stack.select()
    if places.unfinished.exists():
        progress.say(
            "The last run was interrupted: bringing the stack's state up to date."
        )
        stack.recover()
    places.unfinished.touch()
    progress.say("Deploying the stack `rehearsal` with the policy pack.")
    known = (
        sum(stack.types().values()) or 100
    )  # a new rehearsal has about a hundred resources; the bar is a guess
    outcome = stack.up(
        packs=(places.root / "policies",),
        on_event=_counted(progress, "Deploying", known),
    )
    places.unfinished.unlink()
    return outcome


def _demonstrated(
    deployment: vocabulary.Deployment,
    local: Endpoints,
    places: Places,
    env: Mapping[str, str],
) -> tuple[tuple[governed.Answer, ...], tuple[Claim, ...]]:
    application = Application(
        places.root / "examples" / "governed" / "application.py",
        {**env, **_trusting(places), **local.credentials.environment()},
        places.logs,
    )
    answers, answered = governed.answer_everywhere(application, deployment)
    claims = (
        answered,
        governed.stop_a_secret(application, local),
        governed.fail_over(application, local, deployment),
        governed.stream_an_answer(application),
        governed.refuse_a_truncated_stream(application, local),
    )
    return answers, claims


def _signed(
    deployment: vocabulary.Deployment, places: Places, env: Mapping[str, str]
) -> vocabulary.Deployment:
    """Sign the draft with `trivium deployment sign`, as a platform team would; the
    descriptor as it was signed."""
    places.descriptor.parent.mkdir(exist_ok=True)
    places.key.parent.mkdir(exist_ok=True, mode=0o700)
    draft = places.descriptor.with_name("draft.json")
    replace(draft, vocabulary.encode(deployment))
    if not places.key.exists():
        _trivium("deployment", "keygen", str(places.key), env=env)
    _trivium(
        *("deployment", "sign", str(draft), "--key", str(places.key)),
        *("--valid-days", str(VALID_DAYS), "--out", str(places.descriptor)),
        env=env,
    )
    _show_public(places.key, env)
    shown = _trivium(
        "deployment",
        "show",
        str(places.descriptor),
        "--trust",
        str(places.public_key),
        "--json",
        env=env,
    )
    return vocabulary.from_plain(json.loads(shown))


def _show_public(key: Path, env: Mapping[str, str]) -> None:
    """The public half beside a key, where a run was killed between writing the one and
    the other."""
    if not _public(key).exists():
        public = _trivium("deployment", "public-key", "--key", str(key), env=env)
        replace(_public(key), public.encode())


def _recorded(places: Places, env: Mapping[str, str]) -> int:
    """Records that the audit log holds already: also those of a run that was killed
    before they were sealed."""
    if not places.audit.exists() or not places.audit_key.exists():
        return 0
    _show_public(places.audit_key, env)
    audit = _verified(places, env)
    return int(audit["records"]) + int(audit["unsealed"])


def _verified(places: Places, env: Mapping[str, str]) -> dict[str, Any]:
    """What `trivium audit verify` says, also when it says no. Any: its JSON."""
    arguments = (
        "audit",
        "verify",
        str(places.audit),
        "--key",
        str(_public(places.audit_key)),
        "--json",
    )
    verified: dict[str, Any] = json.loads(
        _trivium(*arguments, env=env, may_refuse=True)
    )
    return verified


def _judged(outcome: Outcome) -> Claim:
    return Claim(
        "Policies judged every resource before it existed",
        outcome.verdicts > 0
        and not any(text.startswith("[mandatory]") for text in outcome.violations),
        f"{len(outcome.policies)} policies gave {outcome.verdicts} verdicts on"
        f" {outcome.resources} resources, with {len(outcome.violations)} notes",
    )


def _audited(audit: Mapping[str, Any], *, new: int, arrived: int) -> Claim:
    """Every request that arrived is an attempt, the leak that never arrived is one, and
    two streams were opened."""
    expected = arrived + 1 + 2
    problems = "; ".join(problem["text"] for problem in audit["problems"][:3])
    return Claim(
        "The audit log is intact and sealed, and holds every attempt",
        bool(audit["intact"]) and audit["unsealed"] == 0 and new == expected,
        problems
        or f"{new} new records for {arrived} requests that arrived, 1 that was stopped and 2 streams that began; {audit['records']} in {audit['segments']} sealed segments",
    )


def _trivium(*arguments: str, env: Mapping[str, str], may_refuse: bool = False) -> str:
    """Run the `trivium` command and return its standard output."""
    done = subprocess.run(
        [sys.executable, "-m", "trivium", *arguments],
        env=dict(env),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode and not (may_refuse and done.returncode == 1 and done.stdout):
        raise TriviumError(
            f"`trivium {' '.join(arguments[:2])}` failed (exit {done.returncode}):"
            f" {done.stderr.strip()}"
        )
    return done.stdout


def _trusting(places: Places) -> dict[str, str]:
    """What an application is told about its deployment."""
    return {
        "TRIVIUM_DEPLOYMENT": str(places.descriptor),
        "TRIVIUM_TRUSTED_KEYS": str(places.public_key),
        "TRIVIUM_AUDIT_DIR": str(places.audit),
        "TRIVIUM_AUDIT_KEY": str(places.audit_key),
    }


def _signer(places: Places) -> str:
    document = msgspec.json.decode(
        places.descriptor.read_bytes(), type=envelope.Envelope
    )
    return document.signatures[0].keyid


def _has_stack(places: Places) -> bool:
    return any((places.home / "state").rglob(f"{STACK}.json"))


def _counted(progress: Progress, verb: str, total: int) -> Any:
    """A listener of engine events that moves the bar. Any: `Callable[[Event], None]`
    closes over a counter."""
    done = 0

    def listen(event: Event) -> None:
        nonlocal done
        if "resOutputsEvent" in event:
            done += 1
            progress.advance(f"{verb} resources", done, total)

    return listen


@contextmanager
def _stand_ins(
    places: Places, env: Mapping[str, str], progress: Progress
) -> Iterator[dict[str, str]]:
    """The local AWS and the stand-in providers, running; what the engine must be told
    to find them."""
    emulator = ensure_ministack(progress)
    progress.say("Starting the local AWS and the stand-in providers.")
    with (
        MiniStack(
            places.home / "ministack", emulator, places.logs / "ministack.log"
        ) as aws,
        _providers(aws.url, places.logs, env) as variables,
    ):
        if aws.lost_state:
            places.unfinished.touch()
        yield variables


@contextmanager
def _providers(
    emulator: str, logs: Path, env: Mapping[str, str]
) -> Iterator[dict[str, str]]:
    """The stand-in providers; `emulator` is the local AWS's address, or `none` when
    nothing is to be executed."""
    log = logs / "stand-ins.log"
    log.unlink(missing_ok=True)
    command = [
        sys.executable,
        "-m",
        "trivium_rehearsal.server",
        "--ministack",
        emulator,
    ]
    with processes.start(
        command, name="the stand-in providers", env=env, log=log
    ) as child:
        said = processes.wait_until_says(child, r"^\{.*\}$", timeout_s=READY_S)
        ports: dict[str, int] = json.loads(said[0])
        yield {
            "PULUMI_DEBUG_PROVIDERS": ",".join(
                f"{name}:{port}" for name, port in ports.items()
            )
        }


@contextmanager
def _alone(places: Places) -> Iterator[None]:
    """One command at a time works on a rehearsal; the lock goes with the process,
    however that ends."""
    places.logs.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(
        places.root / ".trivium" / "lock", os.O_RDWR | os.O_CREAT, 0o600
    )
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigurationError(
                "Another `make up` or `make down` is working in this folder.",
                next_step="Wait until it has ended.",
            ) from error
        yield
    finally:
        os.close(descriptor)


__all__ = ["Places", "ask", "down", "preview", "up"]
