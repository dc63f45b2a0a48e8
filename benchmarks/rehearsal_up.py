"""What `pulumi up` costs a resource in a rehearsal, at 100, 300 and 1,000 resources,
and where the time goes.

    python benchmarks/rehearsal_up.py [--sizes 100,300,1000] [--checkpoints both|yes|no]
    [--pack]

prints one JSON document, and a table on standard error. Every figure of one run is
taken in one run, on one machine: compare the columns, not two machines.

What is measured is one `pulumi up --skip-preview`, as `make up` starts it, from nothing
to its end. The engine runs the program as it runs a stack's, in a process of its own;
the stand-in providers are another, so the processor time of each is what the operating
system says of it. `further` is what a resource costs beyond the first size, that is
without starting the engine and importing three SDKs. Resources are an even mix of five
types on three clouds, independent of one another.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from trivium_rehearsal.environment import enter, rehearsal_environment
from trivium_rehearsal.toolchain.engine import ensure_engine

ROOT = Path(__file__).resolve().parents[1]
WITHOUT_CHECKPOINTS = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}


@dataclass(frozen=True)
class Measured:
    """One `up` of `resources` resources that did not exist before."""

    resources: int
    checkpoints: bool
    """Whether the engine wrote its state after every step (what makes an interrupted
    run resumable)."""
    pack: bool
    """Whether the policy pack judged."""
    wall_s: float
    engine_s: float
    """Processor time of the engine, with the policy pack's when there is one."""
    program_s: float
    """Processor time of the program."""
    program_mb: float
    """The most memory that the program held."""
    stand_ins_s: float
    """Processor time of the stand-in providers."""

    @property
    def wall_ms_each(self) -> float:
        """Wall time a resource, in milliseconds."""
        return 1000 * self.wall_s / self.resources


PROGRAM = """
import atexit, json, os, pathlib, resource

def tell():
    used = resource.getrusage(resource.RUSAGE_SELF)
    told = {"s": used.ru_utime + used.ru_stime, "mb": used.ru_maxrss / 1024}
    pathlib.Path(os.environ["BENCHMARK_TOLD"]).write_text(json.dumps(told))

atexit.register(tell)

import pulumi_aws as aws
import pulumi_azure_native as azure
import pulumi_gcp as gcp

for index in range(int(os.environ["BENCHMARK_COUNT"])):
    name, kind = f"r{index}", index % 5
    if kind == 0:
        aws.s3.Bucket(name, tags={"index": str(index)})
    elif kind == 1:
        aws.sqs.Queue(name, visibility_timeout_seconds=30, tags={"index": str(index)})
    elif kind == 2:
        gcp.pubsub.Topic(name, labels={"index": str(index)})
    elif kind == 3:
        gcp.storage.Bucket(name, location="EU", uniform_bucket_level_access=True)
    else:
        azure.storage.StorageAccount(
            name, resource_group_name="group", kind="StorageV2", sku={"name": "Standard_LRS"}
        )
"""
"""What is deployed; at its end it tells what it used."""


def project(folder: Path) -> Path:
    """A project of `PROGRAM`, which the language host runs."""
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: bench\nruntime: python\n")
    (folder / "__main__.py").write_text(PROGRAM)
    return folder


@contextmanager
def stand_ins() -> Iterator[tuple[int, str]]:
    """The stand-in providers in a process of their own: its id, and what the engine
    must be told."""
    command = [sys.executable, "-m", "trivium_rehearsal.server", "--ministack", "none"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            ports: dict[str, int] = json.loads(child.stdout.readline())
            yield (
                child.pid,
                ",".join(f"{package}:{port}" for package, port in ports.items()),
            )
        finally:
            child.terminate()


def processor_s(pid: int) -> float:
    """Processor time that a running process has used (proc(5), fields 14 and 15 of
    ``stat``)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def pulumi(*arguments: str, work: Path, settings: dict[str, str]) -> None:
    """Run the engine. Raises `CalledProcessError` when it fails, after showing what it
    said."""
    command = ["pulumi", *arguments, "--stack", "bench", "--non-interactive"]
    done = subprocess.run(
        command,
        cwd=work,
        env=settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        print(done.stdout, file=sys.stderr)
    done.check_returncode()


def measure(
    count: int,
    *,
    work: Path,
    pid: int,
    settings: dict[str, str],
    checkpoints: bool,
    pack: bool,
) -> Measured:
    """One `up` from nothing, and its destruction (which is not measured)."""
    told = work.parent / "told.json"
    extra = {
        "BENCHMARK_COUNT": str(count),
        "BENCHMARK_TOLD": str(told),
        **({} if checkpoints else WITHOUT_CHECKPOINTS),
    }
    within = {"work": work, "settings": settings | extra}
    pulumi("stack", "init", **within)
    pulumi("config", "set", "gcp:project", "rehearsal", **within)
    try:
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        before = (time.perf_counter(), processor_s(pid))
        pulumi(
            "up",
            "--yes",
            "--skip-preview",
            *(["--policy-pack", str(ROOT / "policies")] if pack else []),
            **within,
        )
        after = (time.perf_counter(), processor_s(pid))
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    finally:
        pulumi("destroy", "--yes", "--skip-preview", "--remove", **within)
    wall, served = (late - early for early, late in zip(before, after, strict=True))
    program = json.loads(told.read_text())
    engine = (
        ended.ru_utime
        + ended.ru_stime
        - children.ru_utime
        - children.ru_stime
        - program["s"]
    )
    return Measured(
        count,
        checkpoints,
        pack,
        *(round(each, 3) for each in (wall, engine, *program.values(), served)),
    )


def table(rows: list[Measured]) -> str:
    """The rows, one line each."""
    head = (
        "resources",
        "checkpoints",
        "pack",
        "wall s",
        "ms each",
        "engine s",
        "program s",
        "program MB",
        "stand-ins s",
        "further ms",
    )
    lines = ["  ".join(head)]
    for row in rows:
        first = next(
            one
            for one in rows
            if (one.checkpoints, one.pack) == (row.checkpoints, row.pack)
        )
        more = row.resources - first.resources
        cells = (
            row.resources,
            "yes" if row.checkpoints else "no",
            "yes" if row.pack else "no",
            f"{row.wall_s:.2f}",
            f"{row.wall_ms_each:.1f}",
            f"{row.engine_s:.2f}",
            f"{row.program_s:.2f}",
            f"{row.program_mb:.0f}",
            f"{row.stand_ins_s:.2f}",
            f"{1000 * (row.wall_s - first.wall_s) / more:.1f}" if more else "",
        )
        lines.append(
            "  ".join(
                str(cell).rjust(len(name))
                for cell, name in zip(cells, head, strict=True)
            )
        )
    return "\n".join(lines)


def main() -> int:
    """Measure what the arguments ask for. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--sizes",
        default="100,300,1000",
        help="numbers of resources, separated by commas",
    )
    parser.add_argument(
        "--pack", action="store_true", help="judge by the policy pack as well"
    )
    parser.add_argument(
        "--checkpoints",
        choices=("both", "yes", "no"),
        default="both",
        help="what to compare",
    )
    asked = parser.parse_args()
    compared = {"both": (True, False), "yes": (True,), "no": (False,)}[
        asked.checkpoints
    ]
    rows: list[Measured] = []
    engine = ensure_engine()
    with tempfile.TemporaryDirectory() as folder, stand_ins() as (pid, providers):
        settings = rehearsal_environment(
            Path(folder), path=engine.path, extra={"PULUMI_DEBUG_PROVIDERS": providers}
        )
        enter(settings)
        # In the first run the stand-ins read the vendors' models; it is not counted.
        work = project(Path(folder) / "project")
        measure(5, work=work, pid=pid, settings=settings, checkpoints=True, pack=False)
        for size in map(int, asked.sizes.split(",")):
            for checkpoints in compared:
                rows.append(
                    measure(
                        size,
                        work=work,
                        pid=pid,
                        settings=settings,
                        checkpoints=checkpoints,
                        pack=False,
                    )
                )
            if asked.pack:
                rows.append(
                    measure(
                        size,
                        work=work,
                        pid=pid,
                        settings=settings,
                        checkpoints=compared[0],
                        pack=True,
                    )
                )
    print(
        json.dumps(
            [
                {**asdict(row), "wall_ms_each": round(row.wall_ms_each, 2)}
                for row in rows
            ]
        )
    )
    print(table(rows), file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
