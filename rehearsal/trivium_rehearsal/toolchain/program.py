"""Runs one Pulumi program for the language host, in a process of its own.

    python -u program.py        with the order to run as one JSON object on standard
    input

The order comes by standard input because it may hold secret configuration, which
arguments and the environment would show to others. Only the standard library and
Pulumi's SDK are imported, so that the file also runs in a project's own environment. A
process of its own isolates a program that calls `sys.exit`, changes directory or
crashes.

Exit codes, as with the official host: 0 success; 32 failure that the user has already
been shown; else a crash.
"""

import asyncio
import gc
import json
import logging
import os
import runpy
import sys
import sysconfig
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypedDict

import grpc
import pulumi
from pulumi import runtime

ALREADY_SHOWN = 32
"""The exit code by which the official host's runner says that the engine should stop
without a message of its own."""
WORKERS_PER_PARALLEL = 4
"""Each registration in flight holds a thread; the official runner has four for each
that the engine runs."""


NEW_OBJECTS_A_COLLECTION = 1_000_000
"""How many objects a program makes before Python looks for unreachable cycles. At
Python's 700 that look took more than half of a program's time, for the SDK keeps nearly
all it makes to the end; without any look 1,000 resources took 9 % more memory
(benchmarks/rehearsal_up.py, 2026-11-23)."""


class Order(TypedDict):
    """What to run, and for which engine."""

    program: str
    """Absolute path of the program: a directory with `__main__.py`, or a file."""
    args: list[str]
    monitor: str
    """Address of the engine's resource monitor."""
    engine: str
    """Address of the engine itself, for logging."""
    project: str
    stack: str
    organization: str
    root: str
    """Directory of Pulumi.yaml."""
    parallel: int
    dry_run: bool
    config: dict[str, str]
    secret_keys: list[str]
    """Keys of `config` that are secret."""


def main(order: Order) -> int:
    """Run the program to its end and report a failure to the engine; the exit code."""
    gc.set_threshold(NEW_OBJECTS_A_COLLECTION)
    _configure(order)
    loop = asyncio.new_event_loop()
    loop.set_default_executor(
        ThreadPoolExecutor(max_workers=max(order["parallel"], 1) * WORKERS_PER_PARALLEL)
    )
    loop.set_exception_handler(_end_on_lost_engine)
    logging.getLogger("asyncio").setLevel(
        logging.CRITICAL
    )  # The failure itself is reported, once, below.
    try:
        loop.run_until_complete(runtime.run_in_stack(lambda: _run(order)))
    except BaseException as error:
        return _report(error)
    finally:
        _cancel_rest(loop)
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def _configure(order: Order) -> None:
    """Tell the SDK whom it talks to and what is configured."""
    runtime.configure(
        runtime.Settings(
            project=order["project"],
            stack=order["stack"],
            monitor=order["monitor"],
            engine=order["engine"],
            parallel=order["parallel"],
            dry_run=order["dry_run"],
            organization=order["organization"],
            root_directory=order["root"],
        )
    )
    runtime.set_all_config(order["config"], order["secret_keys"])


def _run(order: Order) -> None:
    """The program itself, as `python <program> <args>` would run it."""
    program = Path(order["program"])
    script = program / "__main__.py" if program.is_dir() else program
    if not script.is_file():
        raise pulumi.RunError(
            f"{script} does not exist, so there is no program to run. A Python program"
            " is a directory with `__main__.py`, or a file; correct `main` in"
            " Pulumi.yaml."
        )
    sys.argv = [str(script), *order["args"]]
    sys.path[0] = str(script.parent)
    runpy.run_path(str(script), run_name="__main__")


def _end_on_lost_engine(
    loop: asyncio.AbstractEventLoop, context: dict[str, object]
) -> None:
    """A background task lost the engine: end. Everything else is reported where it is
    awaited."""
    if isinstance(context.get("exception"), grpc.RpcError):
        loop.stop()
    else:
        loop.default_exception_handler(context)


def _report(error: BaseException) -> int:
    """Show the failure to the user, unless the engine has; the exit code that says
    so."""
    if isinstance(error, SystemExit):
        return _code(error)
    if isinstance(error, KeyboardInterrupt):
        return ALREADY_SHOWN
    if isinstance(error, pulumi.RunError):
        return _show(str(error))
    if isinstance(error, grpc.RpcError):
        if error.code() == grpc.StatusCode.UNAVAILABLE:
            return (
                ALREADY_SHOWN  # The engine is ending, for a reason that it has given.
            )
        return _show(f"The engine refused a call: {error.details()}")
    if isinstance(
        error, RuntimeError
    ) and "Event loop stopped before Future completed" in str(error):
        return ALREADY_SHOWN  # By `_end_on_lost_engine`.
    return _show(
        "The program failed with an exception that it did not handle:\n"
        + trimmed(error)
    )


def _show(message: str) -> int:
    """Log an error to the engine. An engine that is gone needs no message."""
    try:
        pulumi.log.error(message)
    except grpc.RpcError:
        print(message, file=sys.stderr)
    return ALREADY_SHOWN


def _code(ended: SystemExit) -> int:
    """The exit code that `sys.exit(…)` means: none is 0, and a text is shown to the
    user."""
    if ended.code is None or isinstance(ended.code, int):
        return ended.code or 0
    return _show(str(ended.code))


def _cancel_rest(loop: asyncio.AbstractEventLoop) -> None:
    """End what a failed program left running, so that Python does not complain of it on
    the way out."""
    pending = asyncio.all_tasks(loop)
    for task in pending:
        task.cancel()
    if pending:
        loop.run_until_complete(asyncio.wait(pending, timeout=5))
    loop.close()


def trimmed(error: BaseException) -> str:
    """The traceback with the user's own frames alone, and where below them it was
    raised.

    Frames of Python, installed packages and this file say nothing about the program.
    All are kept when none is the user's.
    """
    whole = traceback.TracebackException.from_exception(error)
    seen: set[int] = set()
    todo: list[traceback.TracebackException | None] = [whole]
    while todo:
        part = todo.pop()
        if part is not None and id(part) not in seen:
            seen.add(id(part))
            part.stack = _own_frames(part.stack)
            todo += [part.__cause__, part.__context__, *(part.exceptions or ())]
    return "".join(whole.format()).rstrip()


def _own_frames(stack: traceback.StackSummary) -> traceback.StackSummary:
    own = [frame for frame in stack if not _is_foreign(frame.filename)]
    if not own:
        return stack
    last = stack[-1]
    return traceback.StackSummary.from_list(own if own[-1] is last else [*own, last])


def _is_foreign(file: str) -> bool:
    """Whether a frame belongs to Python, an installed package or this file."""
    if file.startswith("<") or Path(file) == Path(__file__):
        return True
    libraries = (
        sysconfig.get_path(name)
        for name in ("stdlib", "platstdlib", "purelib", "platlib")
    )
    return any(Path(file).is_relative_to(folder) for folder in libraries)


def _take_order() -> Order:
    """Read the order, then give the program an empty standard input, as the official
    host does."""
    order: Order = json.load(sys.stdin)
    with open(os.devnull) as nothing:  # noqa: PTH123 - a descriptor is what is wanted
        os.dup2(nothing.fileno(), 0)
    return order


if __name__ == "__main__":
    sys.exit(main(_take_order()))
