"""What long work tells the person who waits: a live bar on a terminal, one plain line
now and then elsewhere."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import TracebackType
from typing import Protocol, Self, TextIO

EVERY_S = 10.0
"""Seconds between plain lines: often enough that nobody thinks it hangs, seldom enough
for a CI log."""


class Progress(Protocol):
    """Where work reports to."""

    def say(self, text: str) -> None:
        """One line that stays."""

    def advance(self, text: str, done: int, total: int) -> None:
        """`done` of about `total` of the work that `text` names. Called as often as the
        caller likes."""


class PlainProgress:
    """Plain lines, for logs and pipes: every `say`, and an `advance` at most every
    `EVERY_S` seconds."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream
        self._started = self._last = time.monotonic()

    def say(self, text: str) -> None:
        print(f"trivium: {text}", file=self._stream or sys.stderr, flush=True)

    def advance(self, text: str, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._last >= EVERY_S:
            self._last = now
            self.say(f"{text}: {_share(done, total)} ({now - self._started:.0f} s)")


class TerminalProgress:
    """A live bar on a terminal, which pulses while nobody knows how far the work has
    come. A context manager: leaving it clears the bar."""

    def __init__(self) -> None:
        from rich import console  # here, because rich takes 50 ms to import
        from rich import progress as rich_progress

        self._bar = rich_progress.Progress(
            rich_progress.TextColumn("trivium: {task.description}"),
            rich_progress.BarColumn(),
            rich_progress.TaskProgressColumn(),
            rich_progress.TimeElapsedColumn(),
            console=console.Console(stderr=True),
            transient=True,
        )
        self._task: rich_progress.TaskID | None = None

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def say(self, text: str) -> None:
        self._bar.console.print(f"trivium: {text}", markup=False, highlight=False)
        if self._task is not None:
            self._bar.remove_task(
                self._task
            )  # what it counted is done; another total would not make it pulse
        self._task = self._bar.add_task("working", total=None)

    def advance(self, text: str, done: int, total: int) -> None:
        if self._task is None:
            self._task = self._bar.add_task(text)
        self._bar.update(
            self._task, description=text, completed=min(done, total), total=total
        )


def told() -> AbstractContextManager[Progress]:
    """The progress of a command: a bar where somebody looks at a terminal, plain lines
    elsewhere."""
    return TerminalProgress() if sys.stderr.isatty() else nullcontext(PlainProgress())


@contextmanager
def ticking(
    progress: Progress, come: Callable[[], tuple[str, int, int]]
) -> Iterator[None]:
    """While inside, report once a second how far things have come, so that a silent
    stretch still shows life."""
    ended = threading.Event()

    def tick() -> None:
        while not ended.wait(1.0):
            progress.advance(*come())

    thread = threading.Thread(target=tick, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _share(done: int, total: int) -> str:
    """`done` of `total` as a share; totals are estimates, so a hundred is only said
    when the work returns."""
    return f"{min(99, 100 * done // max(total, 1))}%"
