"""How fast an evaluation runs, with scoring and sealing, beside inspect_ai.

    python benchmarks/evaluation.py [--scenarios 2000] [--peer PYTHON]

A mock model that takes 50 ms, 32 samples at a time. Twice for us: in this process (as
inspect_ai's mock model is, so the two compare), and through the whole client (guard,
signature, audit log, HTTP) to a loopback server in a process of its own. `--peer` names
the interpreter of an environment that has inspect_ai. CPU is of the process that runs
the evaluation, from the first sample to the signed statement. JSON on standard output,
a table on standard error.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from client_cpu import REPLY, signed

from trivium import AsyncClient
from trivium.client.message import Message
from trivium.evaluation.journal import Journal, JudgeRef, Run
from trivium.evaluation.outcome import Judged
from trivium.evaluation.runner import (
    Conversation,
    Limits,
    Runner,
    Scored,
    Task,
    planned,
)
from trivium.evaluation.statement import attest
from trivium.vocabulary.decision import Decision
from trivium.vocabulary.envelope import Ed25519Signer
from trivium.vocabulary.messages import TextBlock, Usage

DELAY_S = 0.05
CONCURRENCY = 32
REFUSES = re.compile(r"\bI (?:can't|cannot|won't|am unable to)\b", re.IGNORECASE)
QUESTION = "Scenario {}: " + "A customer asks what to do with 20,000 euros. " * 4

PEER = """
import asyncio, json, sys, time
from inspect_ai import Task, eval
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import includes
from inspect_ai.solver import generate

count, delay, question = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
import inspect_ai.model._providers.mockllm as mock
real = mock.MockLLM.generate
async def slow(self, *words, **named):
    await asyncio.sleep(delay)
    return await real(self, *words, **named)
mock.MockLLM.generate = slow
def outputs():
    while True:
        said = ModelOutput.from_content("mockllm/model", "The claim is about a pipe. " * 8)
        said.usage = ModelUsage(input_tokens=180, output_tokens=72, total_tokens=252)
        yield said
samples = [Sample(input=question.format(n), target="I cannot") for n in range(count)]
task = Task(dataset=MemoryDataset(samples), solver=generate(), scorer=includes())
cpu, wall = time.process_time(), time.perf_counter()
(log,) = eval(task, model=get_model("mockllm/model", custom_outputs=outputs()),
    max_connections=32, max_samples=32, max_tasks=1, display="none", log_dir=sys.argv[4])
assert log.status == "success" and len(log.samples) == count, log.error
print(json.dumps({"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - wall}))
"""


async def judged(asked: Conversation) -> Scored:
    """A deterministic judge: whether the reply refuses."""
    breached = REFUSES.search(asked.text) is not None
    said = Judged(provision="answers-plain-questions", breached=breached, judge="j")
    return Scored(judged=(said,))


def tasks(count: int) -> list[Task]:
    """Scenarios of one question."""
    return [
        Task(
            scenario=f"s{n}",
            seed=f"s{n}",
            attack="none",
            steps=(({"role": "user", "content": QUESTION.format(n)},),),
            score=judged,
            arguments={"max_tokens": 256},
        )
        for n in range(count)
    ]


def run_of(count: int) -> Run:
    """The run's head."""
    return Run(
        suite="benchmark",
        suite_digest="sha256:" + "5" * 64,
        deployment="benchmark",
        descriptor="sha256:" + "d" * 64,
        constitution="sha256:" + "c" * 64,
        models=("mock",),
        asked=("sonnet",),
        repeats=1,
        planned=count,
        judges=(JudgeRef(name="j"),),
    )


class Mock:
    """A model that answers in this process after 50 ms."""

    async def create(self, **arguments: Any) -> Message:  # noqa: ARG002 -- the protocol
        await asyncio.sleep(DELAY_S)
        return Message(
            request_id="req_1",
            route="mock",
            tier="sonnet",
            model="mock",
            content=(TextBlock(text="The claim is about a broken pipe. " * 8),),
            stop_reason="end_turn",
            usage=Usage(input_tokens=180, output_tokens=72),
            decision=Decision(),
            cost_usd=0.001,
            latency_s=DELAY_S,
            attempts=1,
            rehearsal=True,
        )


async def evaluated(asks: Any, path: Path, count: int) -> dict[str, float]:
    """One run with its statement; CPU and wall-clock seconds. Any: what is asked."""
    run, signer = run_of(count), Ed25519Signer.generate()
    cpu, wall = time.process_time(), time.perf_counter()
    with Journal(path, run) as journal:
        samples = planned(run.suite_digest, tasks(count), run)
        limits = Limits(concurrency=CONCURRENCY)
        results = await Runner(asks, journal, samples, limits=limits).run()
    attest(results, None, signer, ended_at="")
    spent = time.process_time() - cpu, time.perf_counter() - wall
    if not results.complete:
        raise SystemExit(f"the run is partial: {results.stopped}")
    return {"cpu_s": spent[0], "wall_s": spent[1]}


async def through_the_client(
    address: str, folder: Path, count: int
) -> dict[str, float]:
    """The same through the whole client."""
    opened = signed(address, folder, durability="batch")
    async with AsyncClient.from_deployment(
        **opened, audit_dir=folder / "audit"
    ) as client:
        for _ in range(20):
            await client.messages.create(
                model="sonnet",
                max_tokens=8,
                messages=[{"role": "user", "content": "warm"}],
            )
        return await evaluated(client.messages, folder / "client.ndjson", count)


def serve(ready: Any) -> None:  # a multiprocessing pipe
    """Answer every request after 50 ms, until the process is ended."""
    asyncio.run(_serving(ready))


async def _serving(ready: Any) -> None:
    server = await asyncio.start_server(_answer, "127.0.0.1", 0)
    ready.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection."""
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
    while True:
        try:
            asked = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            break
        length = re.search(rb"(?i)content-length: *(\d+)", asked)
        await reader.readexactly(int(length[1]) if length else 0)
        await asyncio.sleep(DELAY_S)
        writer.write(head + b"content-length: %d\r\n\r\n%b" % (len(REPLY), REPLY))
    writer.close()


def peer(python: str, folder: Path, count: int) -> dict[str, float]:
    """inspect_ai with its mock model, delayed as ours, and its own scorer and log."""
    found = subprocess.run(
        [python, "-c", PEER, str(count), str(DELAY_S), QUESTION, str(folder)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if found.returncode:
        raise SystemExit(f"inspect_ai failed: {found.stderr[-2000:]}")
    spent: dict[str, float] = json.loads(found.stdout.splitlines()[-1])
    return spent


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenarios", type=int, default=2000)
    parser.add_argument("--peer", help="a Python that has inspect_ai")
    options = parser.parse_args()
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        os.environ.pop(name)
    count = options.scenarios
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(
        target=serve, args=(there,), daemon=True
    )
    server.start()
    address = f"http://127.0.0.1:{here.recv()}"
    report = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours = asyncio.run(evaluated(Mock(), folder / "mock.ndjson", count))
        report["trivium, mock in process"] = ours
        whole = asyncio.run(through_the_client(address, folder, count))
        report["trivium, whole client over HTTP"] = whole
        if options.peer:
            fewer = min(count, 1000)
            spent = peer(options.peer, folder / "inspect", fewer)
            report["inspect_ai, mock in process"] = spent | {"scenarios": fewer}
    server.terminate()
    for name, spent in report.items():
        asked = spent.setdefault("scenarios", count)
        spent["per_s"] = round(asked / spent["wall_s"])
        spent["cpu_ms_each"] = round(spent["cpu_s"] / asked * 1000, 3)
        row = (
            f"{name:<34} {spent['per_s']:5} /s {spent['cpu_ms_each']:8.3f} ms CPU each"
        )
        print(row, file=sys.stderr)
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
