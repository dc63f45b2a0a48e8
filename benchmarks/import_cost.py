"""What importing costs: CPU milliseconds and megabytes, of Trivium and of what it is measured against.

    python benchmarks/import_cost.py [--rounds 7]

Each import runs in a fresh process, rounds interleaved, medians reported. JSON on standard output, a table on standard
error.
"""

import argparse
import json
import statistics
import subprocess
import sys

STATEMENTS = {
    "nothing": "pass",
    "trivium": "import trivium",
    "trivium.Client": "from trivium import Client",
    "boto3 + bedrock-runtime client": (
        "import boto3; boto3.client('bedrock-runtime', region_name='us-east-1', aws_access_key_id='x', "
        "aws_secret_access_key='x')"
    ),
    "anthropic": "import anthropic",
}
_PROBE = """
import resource, time
{statement}
usage = resource.getrusage(resource.RUSAGE_SELF)
print(time.process_time() * 1000, usage.ru_maxrss / 1024)
"""


def measured(statement: str) -> tuple[float, float]:
    """CPU ms and peak resident MB of a process that runs `statement`, the interpreter's own included."""
    done = subprocess.run(
        [sys.executable, "-c", _PROBE.format(statement=statement)], capture_output=True, text=True, check=True
    )
    cpu, memory = done.stdout.split()
    return float(cpu), float(memory)


def main() -> None:
    """Measure and report, the empty interpreter subtracted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    samples: dict[str, list[tuple[float, float]]] = {name: [] for name in STATEMENTS}
    for _ in range(rounds):
        for name, statement in STATEMENTS.items():
            samples[name].append(measured(statement))
    floor_cpu, floor_memory = (statistics.median(column) for column in zip(*samples["nothing"], strict=True))
    report = {}
    for name, values in samples.items():
        cpu, memory = (statistics.median(column) for column in zip(*values, strict=True))
        report[name] = {"cpu_ms": round(cpu - floor_cpu, 1), "rss_mb": round(memory - floor_memory, 1)}
        print(f"{name:<32} {cpu - floor_cpu:8.1f} ms {memory - floor_memory:8.1f} MB", file=sys.stderr)
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
