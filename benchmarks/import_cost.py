"""What importing costs: CPU milliseconds and megabytes, of Trivium and of what it is
measured against.

    python benchmarks/import_cost.py [--rounds 7]

Each statement runs in fresh processes, rounds interleaved, medians reported, the empty
interpreter subtracted. A first round that is not counted writes everybody's bytecode
into a folder of its own, as installing a wheel would: otherwise the figures compare
compilers. JSON on standard output, a table on standard error.
"""

import argparse
import datetime as dt
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

CONSTRUCTED = """
from trivium import Client
client = Client.from_deployment()
"""
STATEMENTS = {
    "nothing": "pass",
    "trivium": "import trivium",
    "trivium.Client": "from trivium import Client",
    "trivium.Client, constructed": CONSTRUCTED,
    "boto3": "import boto3",
    "boto3 + bedrock-runtime client": (
        "import boto3; boto3.client('bedrock-runtime', region_name='us-east-1',"
        " aws_access_key_id='x', aws_secret_access_key='x')"
    ),
    "anthropic": "import anthropic",
    "anthropic + Bedrock client": (
        "import anthropic; anthropic.AnthropicBedrock(aws_access_key='x',"
        " aws_secret_key='x', aws_region='us-east-1')"
    ),
}
_PROBE = """
import time
{statement}
cpu = time.process_time() * 1000
# Linux alone; getrusage's ru_maxrss would tell the parent's peak, which a child inherits.
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(cpu, int(status["VmHWM"].split()[0]) / 1024)
"""


def measured(statement: str, environment: dict[str, str]) -> tuple[float, float]:
    """CPU ms and peak resident MB of a process that runs `statement`, the interpreter's
    own included."""
    done = subprocess.run(
        [sys.executable, "-c", _PROBE.format(statement=statement)],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    cpu, memory = done.stdout.split()
    return float(cpu), float(memory)


def environment_in(folder: Path) -> dict[str, str]:
    """An environment with a bytecode folder of its own and a signed deployment for
    `Client.from_deployment()`."""
    from client_cpu import described  # type: ignore[import-not-found]  # beside this script

    from trivium.vocabulary import deployment
    from trivium.vocabulary.envelope import Ed25519Signer

    signer = Ed25519Signer.generate()
    draft = described(
        "http://127.0.0.1:9", durability="sync", now=dt.datetime.now(dt.UTC)
    )
    (folder / "deployment.json").write_bytes(deployment.sign(draft, signer))
    (folder / "trusted.pem").write_bytes(signer.public_pem)
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name != "PYTHONDONTWRITEBYTECODE"
    }
    return inherited | {
        "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
        "TRIVIUM_DEPLOYMENT": str(folder / "deployment.json"),
        "TRIVIUM_TRUSTED_KEYS": str(folder / "trusted.pem"),
        "TRIVIUM_AUDIT_DIR": str(folder / "audit"),
    }


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    samples: dict[str, list[tuple[float, float]]] = {name: [] for name in STATEMENTS}
    with tempfile.TemporaryDirectory() as folder:
        environment = environment_in(Path(folder))
        for counted in range(rounds + 1):
            for name, statement in STATEMENTS.items():
                found = measured(statement, environment)
                if counted:
                    samples[name].append(found)
    floor_cpu, floor_memory = (
        statistics.median(column) for column in zip(*samples["nothing"], strict=True)
    )
    report = {}
    for name, values in samples.items():
        cpu, memory = (
            statistics.median(column) for column in zip(*values, strict=True)
        )
        report[name] = {
            "cpu_ms": round(cpu - floor_cpu, 1),
            "rss_mb": round(memory - floor_memory, 1),
        }
        print(
            f"{name:<32} {cpu - floor_cpu:8.1f} ms {memory - floor_memory:8.1f} MB",
            file=sys.stderr,
        )
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
