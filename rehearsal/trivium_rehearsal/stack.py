"""One stack, driven by the real engine: up, destroy, and what came of it.

The engine writes its events as JSON lines while it works; they feed the progress line
and the counts of the summary.
"""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from trivium.errors import TriviumError
from trivium_rehearsal import processes
from trivium_rehearsal.findings import Finding, finding, table
from trivium_rehearsal.stack_file import read_project, read_stack

NOT_ITS_OWN = 126
"""Exit codes from here on are the shell's: a program that cannot be run (126, 127) or a
signal (128 and more)."""

Event = dict[str, Any]
"""One engine event as the engine writes it (sdk/go/common/apitype/events.go); Any:
twenty shapes, three are read."""


class StackError(TriviumError):
    """The engine failed or refused, or was ended from outside. Quotes what it told its
    user."""

    fault = "platform"


@dataclass
class Outcome:
    """What one run of the engine did."""

    changes: Counter[str] = field(default_factory=Counter)
    """Steps by kind: `create`, `update`, `same`, …"""
    resources: int = 0
    """Resources looked at."""
    policies: set[str] = field(default_factory=set)
    """Names of the packs' policies that gave a verdict."""
    verdicts: int = 0
    """Verdicts that they gave, on resources and on the stack."""
    violations: list[str] = field(default_factory=list)
    """What the packs said, mandatory and advisory, one line each."""
    findings: list[Finding] = field(default_factory=list, compare=False)
    """The same, part by part."""
    diagnostics: list[str] = field(default_factory=list)
    """Errors and warnings for the user."""


class Stack:
    """A stack of the Pulumi project in `project`.

    The engine works in `folder`, on a copy of the project file and the stack's
    configuration: it writes a salt for secrets into the latter, and a rehearsal changes
    nothing in the repository.
    """

    def __init__(
        self,
        project: Path,
        name: str,
        *,
        folder: Path,
        pulumi: Path,
        env: Mapping[str, str],
        logs: Path,
        explain: bool = False,
    ) -> None:
        _mirror(project, name, folder)
        self._folder = folder
        self.name = name
        self._pulumi = pulumi
        # The option that makes the engine write its events to a file stands behind this
        # switch; the Automation API uses it in the same way.
        self._env = {**env, "PULUMI_DEBUG_COMMANDS": "true"}
        self._logs = logs
        self._explain = explain

    def select(self) -> None:
        """Make the stack if there is none."""
        self._call("stack", "select", "--create", "--stack", self.name)

    def recover(self) -> None:
        """After a run that was killed: release its lock, and forget what it began and
        never learned the end of."""
        self._call("cancel", "--yes", "--stack", self.name)
        self._call(
            "refresh",
            "--yes",
            "--skip-preview",
            "--clear-pending-creates",
            "--stack",
            self.name,
        )

    def up(
        self,
        *,
        packs: tuple[Path, ...],
        on_event: Callable[[Event], None] = lambda _: None,
    ) -> Outcome:
        """Deploy, judged by `packs`. Raises `StackError` when a resource or a policy is
        refused.

        The engine previews first, so that what only a whole stack can be judged by is
        judged before anything exists.
        """
        self.preview(packs=packs)
        return self._run(
            "up", "--yes", "--skip-preview", *_packs(packs), on_event=on_event
        )

    def preview(self, *, packs: tuple[Path, ...]) -> Outcome:
        """What `up` would do. Raises `StackError` when a resource or a policy is
        refused."""
        return self._run("preview", *_packs(packs), on_event=lambda _: None)

    def destroy(self, *, on_event: Callable[[Event], None] = lambda _: None) -> Outcome:
        """Delete everything that the stack made."""
        return self._run("destroy", "--yes", "--skip-preview", on_event=on_event)

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs. Any: whatever the program exports."""
        outputs: dict[str, Any] = json.loads(
            self._call("stack", "output", "--json", "--stack", self.name)
        )
        return outputs

    def types(self) -> Counter[str]:
        """How many custom resources of each type the stack has, by type token;
        components and providers left out."""
        exported = json.loads(self._call("stack", "export", "--stack", self.name))
        resources = exported.get("deployment", {}).get("resources") or []
        return Counter(
            resource["type"]
            for resource in resources
            if resource.get("custom") and not resource["type"].startswith("pulumi:")
        )

    def _run(
        self, verb: str, *arguments: str, on_event: Callable[[Event], None]
    ) -> Outcome:
        events = self._logs / f"{verb}.events.jsonl"
        log = self._logs / f"{verb}.log"
        for file in (events, log):
            file.unlink(missing_ok=True)
        outcome = Outcome()

        def take(event: Event) -> None:
            _note(outcome, event)
            on_event(event)

        command: list[str | Path] = [
            self._pulumi,
            verb,
            *arguments,
            "--stack",
            self.name,
            "--non-interactive",
            "--color",
            "never",
        ]
        with processes.start(
            [*command, "--event-log", str(events)],
            name=f"pulumi {verb}",
            env=self._env,
            cwd=self._folder,
            log=log,
        ) as child:
            code = _follow(child, events, take)
        if code:
            raise StackError(
                f"`pulumi {verb}` of stack `{self.name}` failed (exit"
                f" {code}):\n{_told(outcome, child, explain=self._explain)}",
                next_step=self._broken(code)
                or f"Mend that and run it again; the whole output is in {log}.",
            )
        return outcome

    def _call(self, *arguments: str) -> str:
        """A short command's standard output. Raises `StackError` with what it wrote
        when it fails."""
        log = self._logs / "pulumi.log"
        with (
            log.open("wb") as errors,
            processes.start(
                [self._pulumi, *arguments, "--non-interactive", "--color", "never"],
                name=f"pulumi {arguments[0]}",
                env=self._env,
                cwd=self._folder,
                stdout=-1,
                stderr=errors,
            ) as child,
        ):
            assert child.stdout is not None  # noqa: S101 -- asked for above (-1 is subprocess.PIPE)
            output = child.stdout.read().decode()
            code = child.wait()
        if code:
            said = (
                log.read_text(errors="replace").strip()
                or output.strip()
                or "It said nothing."
            )
            failed = f"`pulumi {' '.join(arguments[:2])}` failed (exit {code}):\n{said}"
            raise StackError(
                failed,
                next_step=self._broken(code)
                or f"Mend that and run it again; {log} has it, too.",
            )
        return output

    def _broken(self, code: int) -> str | None:
        """What to do about an engine that did not come to an end of its own: 126, 127
        and signals."""
        if code < NOT_ITS_OWN:
            return None
        return (
            "Run it again; if it stays so, the engine is damaged: remove"
            f" {self._pulumi.parent} and run it again."
        )


def _mirror(project: Path, stack: str, folder: Path) -> None:
    """Copy the project file, pointing at the program where it is, and the stack's
    configuration into `folder`."""
    described = read_project(project)
    configurations = project / described.get("stackConfigDir", ".")
    options = (
        described["runtime"].get("options", {})
        if isinstance(described["runtime"], dict)
        else {}
    )
    if "virtualenv" in options:
        options["virtualenv"] = str(project / options["virtualenv"])
    moved = {
        **described,
        "main": str(project / described.get("main", ".")),
        "stackConfigDir": ".",
    }
    folder.mkdir(parents=True, exist_ok=True)
    replace(folder / "Pulumi.yaml", yaml.safe_dump(moved).encode())
    name = f"Pulumi.{stack}.yaml"
    if not (configurations / name).exists():
        known = sorted(
            path.name.split(".")[1] for path in configurations.glob("Pulumi.*.yaml")
        )
        raise StackError(
            f"Project `{described['name']}` has no stack `{stack}`: there is no"
            f" {configurations / name}.",
            next_step=f"Name one of: {', '.join(known) or 'none'}.",
        )
    configuration = read_stack(configurations / name, described["name"])
    if "encryptionsalt:" not in configuration:
        configuration = f"{configuration.rstrip()}\n{_salt(folder / name)}"
    # In one step: a copy cut off by a full disk would have lost the salt, and with it
    # the state's secrets.
    replace(folder / name, configuration.encode())


def replace(path: Path, content: bytes) -> None:
    """Give `path` this content in one step: whoever is cut off meanwhile leaves what
    was there before."""
    fresh = path.with_name(f".{path.name}.tmp")
    fresh.write_bytes(content)
    fresh.replace(path)


def _salt(copy: Path) -> str:
    """The line with the salt that the engine wrote into an earlier copy: the state's
    secrets depend on it."""
    if not copy.exists():
        return ""
    lines = copy.read_text().splitlines(keepends=True)
    return "".join(line for line in lines if line.startswith("encryptionsalt:"))


def _packs(packs: tuple[Path, ...]) -> list[str]:
    return [word for pack in packs for word in ("--policy-pack", str(pack))]


def _follow(child: processes.Child, events: Path, take: Callable[[Event], None]) -> int:
    """Hand over each event as it is written, until the engine has ended; returns its
    exit code."""
    ended = threading.Event()

    def read() -> None:
        for event in _tail(events, ended):
            take(event)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        return child.wait()
    finally:
        ended.set()
        reader.join(timeout=10)


def _tail(path: Path, ended: threading.Event) -> Iterator[Event]:
    while not path.exists():
        if ended.wait(0.05):
            break
    if not path.exists():
        return
    pending = b""
    with path.open("rb") as file:
        while True:
            last = ended.is_set()
            pending += file.read()
            *lines, pending = pending.split(b"\n")
            yield from (json.loads(line) for line in lines if line)
            if last:
                return
            ended.wait(0.1)


def _note(outcome: Outcome, event: Event) -> None:
    if pre := event.get("resourcePreEvent"):
        metadata = pre["metadata"]
        if not metadata["type"].startswith("pulumi:"):
            outcome.changes[metadata["op"]] += 1
            outcome.resources += 1
    elif policy := event.get("policyEvent"):
        found = finding(policy)
        outcome.findings.append(found)
        outcome.violations.append(found.line)
    elif diagnostic := event.get("diagnosticEvent"):
        if diagnostic["severity"] in ("error", "warning") and not diagnostic.get(
            "ephemeral"
        ):
            text = _plain(diagnostic["message"])
            if text not in outcome.diagnostics:  # an update is previewed first
                outcome.diagnostics.append(text)
    elif summary := event.get("policyAnalyzeSummaryEvent") or event.get(
        "policyAnalyzeStackSummaryEvent"
    ):
        names = [*summary.get("passed", ()), *summary.get("failed", ())]
        outcome.policies.update(names)
        outcome.verdicts += len(names)


def _plain(message: str) -> str:
    """The message without the engine's colour marks (`<{%fg 1%}>`)."""
    while (start := message.find("<{%")) >= 0 and (
        end := message.find("%}>", start)
    ) >= 0:
        message = message[:start] + message[end + 3 :]
    return message.strip()


def _told(outcome: Outcome, child: processes.Child, *, explain: bool) -> str:
    """What went wrong: the engine's own words, then the policies' findings."""
    parts = [*outcome.diagnostics, table(outcome.findings, explain=explain)]
    lines = [f"  {line}" for text in parts for line in text.splitlines()]
    return "\n".join(lines) or child.last_lines()
