"""What the guard costs: milliseconds per check with the shipped packs, as JSON on
stdout.

    python benchmarks/guard.py [repetitions]

Prose and code of 1, 8 and 64 KB (ASCII, and prose with accents), a conversation of 40
turns, a request with 20 tools, a prompt in which every detector finds something, and a
streamed reply in deltas of four characters. Times are `Decision.duration_s`, the figure
that every reply carries.
"""

import json
import platform
import sys
from collections.abc import Callable
from functools import partial
from itertools import cycle, islice

from trivium.constitution import load_layers
from trivium.guard import REGISTRY, Guard
from trivium.vocabulary.decision import Context
from trivium.vocabulary.deployment import ConstitutionRef, Layer
from trivium.vocabulary.messages import MessageRequest, TextDelta, Tool, Turn

PROSE = (
    "The committee met on 14 March 2024 to review the token budget for the coming"
    " quarter. Of the 12,345 tasks\nthat were opened, 11,872 had been closed; the rest"
    " were assigned to a task force. Nobody recalled the password policy,\nso Ms."
    " Lovelace read it aloud: change it when there is reason to, and never on a"
    " schedule. The API was discussed next.\n"
)
ACCENTS = PROSE.replace("a", "ä").replace("e ", "é ").replace("'", "\u2019")
CODE = '''def load(path: str, *, retries: int = 3) -> dict[str, int]:
    """Read the table at `path`; see https://example.org/docs?id=42#rows for the format."""
    with open(path, "rb") as file:  # noqa: PTH123
        lines = file.read().splitlines()
    rows = [line.split(b",") for line in lines if line and not line.startswith(b"#")]
    return {name.decode(): int(value) for name, value in rows[1:]}

'''
CONTEXT = Context(
    request_id="req_1",
    deployment="benchmark",
    environment="dev",
    zone="us",
    route="aws-us",
    cloud="aws",
    region="us-east-1",
    tier="sonnet",
    model="claude-sonnet-5",
    scope="geo",
)


def filled(sample: str, size: int) -> str:
    return "".join(islice(cycle(sample), size))


def asking(*texts: str, tools: tuple[Tool, ...] = ()) -> MessageRequest:
    turns = tuple(
        Turn(role="user" if n % 2 == 0 else "assistant", content=text)
        for n, text in enumerate(texts)
    )
    return MessageRequest(model="sonnet", max_tokens=1024, messages=turns, tools=tools)


def tools() -> tuple[Tool, ...]:
    fields = {
        f"field_{n}": {"type": "string", "description": PROSE[: 40 + n]}
        for n in range(10)
    }
    schema = {"type": "object", "properties": fields, "required": list(fields)}
    return tuple(
        Tool(name=f"tool_{n}", description=PROSE[:80], input_schema=schema)
        for n in range(20)
    )


def checked(guard: Guard, request: MessageRequest) -> float:
    return guard.check_request(request, CONTEXT).decision.duration_s


def milliseconds(measure: Callable[[], float], repetitions: int) -> dict[str, float]:
    measure()
    times = sorted(measure() for _ in range(repetitions))
    return {
        "p50": round(times[len(times) // 2] * 1e3, 4),
        "p95": round(times[int(len(times) * 0.95)] * 1e3, 4),
    }


def main() -> None:
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    layers = (Layer(source="pack:baseline"), Layer(source="pack:organisation"))
    guard = Guard(load_layers(ConstitutionRef(layers=layers), base=None))
    requests = {
        f"{name} {size} KB": asking(filled(sample, size * 1024))
        for name, sample in (("prose", PROSE), ("accents", ACCENTS), ("code", CODE))
        for size in (1, 8, 64)
    }
    requests["40 turns of 200 characters"] = asking(
        *(PROSE[n : n + 200] for n in range(40))
    )
    requests["20 tools of 10 fields"] = asking("hello", tools=tools())
    requests["a finding of every detector"] = asking(
        ". ".join(d.examples[0] for d in REGISTRY.values())
    )
    results = {
        name: milliseconds(partial(checked, guard, asked), repetitions)
        for name, asked in requests.items()
    }
    deltas = [
        TextDelta(index=0, text=PROSE[n : n + 4]) for n in range(0, len(PROSE), 4)
    ]

    def streamed() -> float:
        stream = guard.stream(CONTEXT)
        for delta in deltas:
            stream.feed(delta)
        stream.close()
        return stream.decision.duration_s / len(deltas)

    results["streamed prose, per delta of 4 characters"] = milliseconds(
        streamed, max(5, repetitions // 10)
    )
    facts = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "repetitions": repetitions,
    }
    print(
        json.dumps(
            {"benchmark": "guard", "unit": "ms", **facts, "results": results}, indent=2
        )
    )


if __name__ == "__main__":
    main()
