"""The journal of a run: what makes `kill -9` harmless.

One line for each sample that has an outcome, appended before the next one is asked for;
the first line says which run this is. A line that a crash cut in two is dropped and its
sample asked again, so an outcome is counted once, though its request may have been sent
twice. One process writes at a time: the file is locked.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from trivium.durable import sync_directory
from trivium.errors import EvaluationError
from trivium.evaluation.outcome import Opening, Outcome
from trivium.vocabulary.record import Record

SYNC_LINES = 64
"""Lines after which the journal is forced to disk …"""
SYNC_S = 1.0
"""… and seconds: what a power cut can cost. A killed process loses no line."""


class JudgeRef(Record, frozen=True, kw_only=True, omit_defaults=False):
    """A judge that takes part in the run."""

    name: str
    calibration: str = ""
    """Digest of its calibration; "" where it has none."""
    positives: int = 0
    """Samples that people labelled positive, in its calibration."""
    found: int = 0
    """Of these, how many the judge found."""
    negatives: int = 0
    """Samples that people labelled negative."""
    cleared: int = 0
    """Of these, how many the judge cleared."""
    labels: str = ""
    """The labelled set and the policy that people labelled by, in words."""


class Run(Record, frozen=True, kw_only=True, omit_defaults=False):
    """Which run this is: written, and registered, before the first sample is asked."""

    format: int = 1
    suite: str
    """Name of the suite."""
    suite_digest: str
    suite_signer: str = ""
    """Key id that signed the suite; "" for an unsigned one."""
    deployment: str
    """Name of the deployment."""
    descriptor: str
    """Digest of the descriptor."""
    constitution: str
    """Digest of the constitution."""
    models: tuple[str, ...]
    """Model ids that the descriptor names for what is asked, sorted."""
    asked: tuple[str, ...]
    """Tiers, roles or routes that are asked, in order."""
    repeats: int
    planned: int
    """Samples of the whole run."""
    judges: tuple[JudgeRef, ...]
    criteria: str = ""
    """Digest of the criteria that were registered; "" where there are none."""
    rehearsal: bool = False
    """Whether a local stand-in answers instead of Claude."""
    started_at: str = ""


class Line(Record, frozen=True, kw_only=True):
    """One line of the journal: the run, a sample, or an attempt's end."""

    run: Run | None = None
    outcome: Outcome | None = None
    opening: Opening | None = None
    stopped: str | None = None
    """Why an attempt at the run ended; "" where nothing stopped it."""


class Journal:
    """The journal, open for one run. Close it, or use `with`."""

    def __init__(self, path: Path, run: Run) -> None:
        """Begin the journal, or continue it. Raises `EvaluationError` where the file
        belongs to another run, is damaged, or is being written."""
        self._path = path
        self._file = _locked(path)
        self._encoder = msgspec.json.Encoder()
        self._size = 0
        try:
            self.run, self.done = self._resumed(run)
        except BaseException:
            os.close(self._file)
            raise
        self._unsynced, self._synced_at = 0, time.monotonic()

    def append(self, outcome: Outcome, opening: Opening) -> None:
        """Write one sample; it survives the process from here on. Raises
        `EvaluationError` when the disk is full."""
        self._write(Line(outcome=outcome, opening=opening))
        self.done[outcome.hypothesis] = outcome
        self._unsynced += 1
        now = time.monotonic()
        if self._unsynced >= SYNC_LINES or now - self._synced_at >= SYNC_S:
            self._sync()
            self._unsynced, self._synced_at = 0, now

    def end(self, stopped: str) -> None:
        """Write why this attempt at the run ended."""
        self._write(Line(stopped=stopped))

    def close(self) -> None:
        """Force everything to disk and release the file."""
        try:
            self._sync()
        finally:
            os.close(self._file)

    def _resumed(self, run: Run) -> tuple[Run, dict[str, Outcome]]:
        """The run as the file has it, and its outcomes; a new file gets its first
        line."""
        lines, whole = _read(self._path)
        os.ftruncate(self._file, whole)
        self._size = whole
        if not lines:
            self._write(Line(run=run))
            self._sync()
            sync_directory(self._path.parent)
            return run, {}
        found = _run_of(self._path, lines)
        _require_same(self._path, found, run)
        outcomes = (line.outcome for line in lines[1:] if line.outcome)
        return found, {each.hypothesis: each for each in outcomes}

    def _write(self, line: Line) -> None:
        """Append a line, whole or not at all."""
        data = self._encoder.encode(line) + b"\n"
        try:
            _write_all(self._file, data)
        except OSError as error:
            # Half a line before another sample's would make both unreadable.
            os.ftruncate(self._file, self._size)
            raise self._full(error) from error
        self._size += len(data)

    def _sync(self) -> None:
        """Force everything to disk."""
        try:
            os.fsync(self._file)
        except OSError as error:
            raise self._full(error) from error

    def _full(self, error: OSError) -> EvaluationError:
        """What a disk that takes no more means for the run."""
        return EvaluationError(
            f"The journal {self._path} cannot be written: {error.strerror}; the run"
            " stops here.",
            next_step="Make room, then start the same run again: it continues.",
        )

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def read_journal(path: Path) -> tuple[Run, dict[str, Outcome], str]:
    """The run, its outcomes by hypothesis, and why its last attempt was stopped,
    without writing anything. Raises `EvaluationError`."""
    lines, _ = _read(path)
    run = _run_of(path, lines)
    outcomes = (line.outcome for line in lines if line.outcome)
    ends = [line.stopped for line in lines if line.stopped is not None]
    return (
        run,
        {each.hypothesis: each for each in outcomes},
        (ends[-1] if ends else "it was interrupted"),
    )


def openings(path: Path) -> Iterator[tuple[str, Opening]]:
    """Hypothesis and opening of each sample, in the journal's order."""
    for line in _read(path)[0]:
        if line.outcome and line.opening:
            yield line.outcome.hypothesis, line.opening


def _write_all(file: int, data: bytes) -> None:
    """Write every byte. Raises `OSError`."""
    while data:
        data = data[os.write(file, data) :]


def _locked(path: Path) -> int:
    """The file, open and locked against a second run."""
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise EvaluationError(
            f"The journal {path} cannot be opened: {error.strerror}.",
            next_step="Name a folder that this process can write.",
        ) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(file)
        raise EvaluationError(
            f"The journal {path} is being written by another run.",
            next_step="Wait for it, or name another folder.",
        ) from error
    return file


def _read(path: Path) -> tuple[list[Line], int]:
    """The whole lines, and how many bytes they are. A last line that is cut off does
    not count; any other that cannot be read is an error."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise EvaluationError(
            f"The journal {path} cannot be read: {error.strerror}."
        ) from error
    whole = data.rfind(b"\n") + 1
    decoder = msgspec.json.Decoder(Line)
    lines = []
    for number, text in enumerate(data[:whole].splitlines(), start=1):
        try:
            lines.append(decoder.decode(text))
        except ValueError as error:
            raise EvaluationError(
                f"Line {number} of the journal {path} is damaged, so its results"
                " cannot be trusted.",
                next_step="Restore the file, or run into a new folder.",
            ) from error
    return lines, whole


def _run_of(path: Path, lines: list[Line]) -> Run:
    """The run that the first line names."""
    if not lines or lines[0].run is None:
        raise EvaluationError(
            f"{path} is not the journal of an evaluation: its first line names no run.",
            next_step="Name the folder that `trivium eval run` wrote.",
        )
    return lines[0].run


def _require_same(path: Path, found: Run, run: Run) -> None:
    """Raise where the file belongs to another run, naming the first difference."""
    for name in Run.__struct_fields__:
        if name != "started_at" and getattr(found, name) != getattr(run, name):
            raise EvaluationError(
                f"The journal {path} belongs to another run: its `{name}` differs."
                " Outcomes of two runs are never mixed.",
                next_step="Continue with what that run was started with, or name"
                " another folder.",
            )
