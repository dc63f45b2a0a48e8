"""A line that shows where a run is: for a terminal alone, and only where rich is
installed."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from trivium.evaluation.runner import Progress


@contextmanager
def shown() -> Iterator[Callable[[Progress], None]]:
    """What a runner tells its progress to; silent where standard error is no
    terminal."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    try:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            TextColumn,
            TimeRemainingColumn,
        )
        from rich.progress import Progress as Bar
    except ImportError:
        yield lambda _: None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("evaluation", total=None)

        def watch(progress: Progress) -> None:
            bar.update(
                task,
                description=in_words(progress),
                completed=progress.done,
                total=progress.planned,
            )

        yield watch


def in_words(progress: Progress) -> str:
    """Breaches, failures and cost so far."""
    return (
        f"{progress.breached} with a breach, {progress.failed} failed,"
        f" ${progress.cost_usd:.4f}"
    )
