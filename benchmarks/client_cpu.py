"""What one governed request costs in CPU, on the Converse route, against boto3 and
against the bare transport: whole answers, and streams of 40 pieces.

    python benchmarks/client_cpu.py [--requests 400] [--rounds 5]

One loopback server in a process of its own answers everybody with the same bytes (it
checks nothing, so that it does not hide the difference). Each contender runs in turn in
this process, rounds interleaved; the figure is this process's CPU time per request,
median of the rounds. JSON on standard output, a table on standard error.
"""

import argparse
import asyncio
import datetime as dt
import json
import multiprocessing
import os
import socketserver
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from trivium import AsyncClient, Client
from trivium.client.arguments import RequestArguments
from trivium.constitution import resolve
from trivium.credentials import AwsKeys, sign
from trivium.vocabulary import deployment as vocabulary
from trivium.vocabulary.envelope import Ed25519Signer
from trivium.wire.eventstream import encode_frame

PEER = "boto3"
MODEL = "us.anthropic.claude-sonnet-5-5"
KEYS = AwsKeys("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
PROMPT = "Summarise the claim in one sentence. " * 20
REPLY = json.dumps(
    {
        "output": {
            "message": {
                "role": "assistant",
                "content": [{"text": "The claim is about a broken pipe. " * 8}],
            }
        },
        "stopReason": "end_turn",
        "usage": {"inputTokens": 180, "outputTokens": 72, "totalTokens": 252},
        "metrics": {"latencyMs": 1},
    }
).encode()


PIECES = ["The claim is about ", "a broken pipe; "] * 20
EVENTS: list[tuple[str, dict[str, Any]]] = [
    ("messageStart", {"role": "assistant"}),
    *(
        ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": piece}})
        for piece in PIECES
    ),
    ("contentBlockStop", {"contentBlockIndex": 0}),
    ("messageStop", {"stopReason": "end_turn"}),
    (
        "metadata",
        {
            "usage": {"inputTokens": 180, "outputTokens": 80, "totalTokens": 260},
            "metrics": {"latencyMs": 1},
        },
    ),
]
FRAMES = [
    encode_frame(
        {
            ":event-type": name,
            ":content-type": "application/json",
            ":message-type": "event",
        },
        json.dumps(event).encode(),
    )
    for name, event in EVENTS
]
STREAM = (
    b"".join(b"%x\r\n%b\r\n" % (len(frame), frame) for frame in FRAMES) + b"0\r\n\r\n"
)
"""One frame a chunk, as the service sends them; all at once, so that nobody waits for
the server."""


class _Handler(socketserver.StreamRequestHandler):
    """Reads a request by its content-length and sends the reply, on a connection that
    stays open."""

    def handle(self) -> None:
        while head := self._head():
            length = next(
                (
                    int(line.split(b":")[1])
                    for line in head
                    if line.lower().startswith(b"content-length:")
                ),
                0,
            )
            self.rfile.read(length)
            kind, length_of, body = (
                b"application/json",
                b"content-length: %d" % len(REPLY),
                REPLY,
            )
            if b"/converse-stream" in head[0]:
                kind, length_of, body = (
                    b"application/vnd.amazon.eventstream",
                    b"transfer-encoding: chunked",
                    STREAM,
                )
            self.wfile.write(
                b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\nx-amzn-requestid:"
                b" r\r\n%b\r\n\r\n%b" % (kind, length_of, body)
            )

    def _head(self) -> list[bytes]:
        lines = []
        while (line := self.rfile.readline()) not in (b"", b"\r\n"):
            lines.append(line)
        return lines


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


def serve(ready: Any) -> None:  # a multiprocessing pipe
    """Serve until the process is ended."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        ready.send(server.server_address[1])
        server.serve_forever()


def described(
    address: str, *, durability: str, now: dt.datetime
) -> vocabulary.Deployment:
    """A descriptor with one route and the two packs."""
    target = {
        "id": MODEL,
        "model": "claude-sonnet-5-5",
        "scope": "geo",
        "destinations": ["us-east-1"],
        "proof": "benchmark",
    }
    route = {
        "id": "aws",
        "cloud": "aws",
        "protocol": "converse",
        "endpoint": address,
        "region": "us-east-1",
        "auth": {"kind": "sigv4", "region": "us-east-1"},
        "models": {"sonnet": target},
    }
    store = {
        "uri": "file:audit",
        "cloud": "aws",
        "region": "us-east-1",
        "regime": "none",
        "retention_days": 1,
        "lock": "unlocked",
    }
    draft = vocabulary.from_plain(
        {
            "version": "1",
            "name": "benchmark",
            "environment": "benchmark",
            "zone": "us",
            "rehearsal": True,
            "routes": [route],
            "audit": {"stores": [store], "durability": durability},
            "constitution": {
                "layers": [{"source": "pack:baseline"}, {"source": "pack:organisation"}]
            },
        }
    )
    return vocabulary.complete(
        draft,
        issued_at=now,
        valid_days=1,
        constitution=resolve(draft.constitution, base=None),
    )


def signed(address: str, folder: Path, *, durability: str) -> dict[str, Any]:
    """A descriptor in `folder`, and with what a client opens it. Any: arguments of
    `from_deployment`."""
    signer = Ed25519Signer.generate()
    complete = described(address, durability=durability, now=dt.datetime.now(dt.UTC))
    descriptor = folder / f"{durability}.json"
    descriptor.write_bytes(vocabulary.sign(complete, signer))
    return {
        "source": descriptor,
        "trust": signer.public_pem,
        "credentials": {"aws": KEYS},
    }


ASKED: RequestArguments = {
    "model": "sonnet",
    "max_tokens": 256,
    "messages": [{"role": "user", "content": PROMPT}],
}


def trivium_client(
    address: str, folder: Path, *, durability: str, stream: bool = False
) -> Callable[[], object]:
    """The whole client: signature, guard under two layers, record, audit log."""
    opened = signed(address, folder, durability=durability)
    client = Client.from_deployment(**opened, audit_dir=folder / durability)

    def listen() -> object:
        with client.messages.stream(**ASKED) as running:
            return "".join(running.text_stream)

    return listen if stream else lambda: client.messages.create(**ASKED)


def trivium_async(
    address: str, folder: Path, *, stream: bool = False
) -> Callable[[], object]:
    """`trivium_client` in an event loop, which it enters for each request."""
    loop = asyncio.new_event_loop()
    opened = signed(address, folder, durability="batch")
    client = AsyncClient.from_deployment(**opened, audit_dir=folder / "async")

    async def listen() -> object:
        async with client.messages.stream(**ASKED) as running:
            return "".join([text async for text in running.text_stream])

    return lambda: loop.run_until_complete(
        listen() if stream else client.messages.create(**ASKED)
    )


def bare_transport(address: str, *, stream: bool = False) -> Callable[[], object]:
    """pyreqwest alone: the same bytes, unsigned, undecoded."""
    from pyreqwest.client import SyncClientBuilder

    pool = SyncClientBuilder().no_proxy().build()
    body = json.dumps(
        {"messages": [{"role": "user", "content": [{"text": PROMPT}]}]}
    ).encode()

    def listen() -> object:
        # Unbuffered, as a client that hands words over at once has to read.
        request = (
            pool.post(f"{address}/model/m/converse-stream")
            .body_bytes(body)
            .streamed_read_buffer_limit(0)
        )
        with request.build_streamed() as response:
            while response.body_reader.read_chunk() is not None:
                pass
        return None

    if stream:
        return listen
    return lambda: bytes(
        pool.post(f"{address}/model/m/converse").body_bytes(body).build().send().bytes()
    )


def signed_transport(address: str, *, stream: bool = False) -> Callable[[], object]:
    """pyreqwest with our signature and a decoded reply: the wire path without guard and
    audit."""
    from pyreqwest.client import SyncClientBuilder

    from trivium.wire import ADAPTERS, Place

    pool, adapter = SyncClientBuilder().no_proxy().build(), ADAPTERS["converse"]
    target = vocabulary.ModelTarget(
        id=MODEL,
        model="claude-sonnet-5-5",
        scope="geo",
        destinations=("us-east-1",),
        proof="benchmark",
    )
    route = vocabulary.Route(
        id="aws",
        cloud="aws",
        protocol="converse",
        endpoint=address,
        region="us-east-1",
        auth=vocabulary.SigV4Auth(region="us-east-1"),
        models={"sonnet": target},
    )
    from trivium.client.arguments import request_of

    def ask() -> object:
        request, _ = request_of(
            {
                "model": "sonnet",
                "max_tokens": 256,
                "messages": [{"role": "user", "content": PROMPT}],
            }
        )
        wire = adapter.encode(request, Place(target, route), stream=stream)
        headers = sign(
            KEYS,
            host=address.removeprefix("http://"),
            path=wire.path,
            headers=wire.headers,
            body=wire.body,
            region="us-east-1",
            service="bedrock",
            now=dt.datetime.now(dt.UTC),
        )
        response = (
            pool.post(address + wire.path)
            .headers({**wire.headers, **headers})
            .body_bytes(wire.body)
        )
        if stream:
            decoder, events = adapter.decoder(MODEL), 0
            with response.streamed_read_buffer_limit(0).build_streamed() as streamed:
                while (chunk := streamed.body_reader.read_chunk()) is not None:
                    events += len(decoder.feed(bytes(chunk)))
            return events + len(decoder.close())
        answer = response.build().send()
        return adapter.decode(answer.status, {}, bytes(answer.bytes()), model=MODEL)

    return ask


def boto3_converse(address: str, *, stream: bool = False) -> Callable[[], object]:
    """boto3, retries off."""
    import boto3
    from botocore.config import Config

    client = boto3.client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=address,
        aws_access_key_id=KEYS.access_key_id,
        aws_secret_access_key=KEYS.secret_access_key,
        config=Config(
            retries={"total_max_attempts": 1, "mode": "standard"}, proxies={}
        ),
    )
    turns = [{"role": "user", "content": [{"text": PROMPT}]}]
    arguments: dict[str, Any] = {
        "modelId": MODEL,
        "messages": turns,
        "inferenceConfig": {"maxTokens": 256},
    }

    def listen() -> object:
        events = client.converse_stream(**arguments)["stream"]
        return "".join(
            event["contentBlockDelta"]["delta"]["text"]
            for event in events
            if "contentBlockDelta" in event
        )

    return listen if stream else lambda: client.converse(**arguments)


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    for name in (
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
    ):
        os.environ.pop(name, None)
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(
        target=serve, args=(there,), daemon=True
    )
    server.start()
    address = f"http://127.0.0.1:{here.recv()}"
    report = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind, stream in (("whole", False), ("stream", True)):
            place = Path(folder) / kind
            place.mkdir()
            contenders = {
                "pyreqwest, bare": bare_transport(address, stream=stream),
                "our wire path, signed and decoded": signed_transport(
                    address, stream=stream
                ),
                "trivium, guard and audit (batch)": trivium_client(
                    address, place, durability="batch", stream=stream
                ),
                "trivium, guard and audit (sync)": trivium_client(
                    address, place, durability="sync", stream=stream
                ),
                "trivium, async (batch)": trivium_async(address, place, stream=stream),
                PEER: boto3_converse(address, stream=stream),
            }
            samples = measured(
                contenders, requests=options.requests, rounds=options.rounds
            )
            report[kind] = reported(kind, samples)
    server.terminate()
    print(json.dumps(report, indent=2))


Sample = tuple[float, float]
"""CPU and wall-clock microseconds of one request."""


def measured(
    contenders: dict[str, Callable[[], object]], *, requests: int, rounds: int
) -> dict[str, list[Sample]]:
    """One sample a round of each, rounds interleaved."""
    samples: dict[str, list[Sample]] = {name: [] for name in contenders}
    for ask in contenders.values():
        for _ in range(20):
            ask()
    for _ in range(rounds):
        for name, ask in contenders.items():
            cpu, wall = time.process_time(), time.perf_counter()
            for _ in range(requests):
                ask()
            spent = time.process_time() - cpu, time.perf_counter() - wall
            samples[name].append((spent[0] / requests * 1e6, spent[1] / requests * 1e6))
    return samples


def reported(
    kind: str, samples: dict[str, list[Sample]]
) -> dict[str, dict[str, float]]:
    """Medians, and each as a share of the peer's."""
    report = {}
    peer = statistics.median(cpu for cpu, _ in samples[PEER])
    for name, values in samples.items():
        cpu, wall = (statistics.median(column) for column in zip(*values, strict=True))
        report[name] = {
            "cpu_us": round(cpu),
            "wall_us": round(wall),
            "of_boto3": round(cpu / peer, 2),
        }
        row = (
            f"{kind:<7} {name:<36} {cpu:7.0f} µs CPU {wall:7.0f} µs wall"
            f" {cpu / peer:6.2f} of boto3"
        )
        print(row, file=sys.stderr)
    return report


if __name__ == "__main__":
    main()
