"""One set of endpoints for all tests, and requests to them that a test can spoil."""

import contextlib
import dataclasses
import datetime as dt
import functools
import json
import select
import socket
import struct
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import h11

from trivium_rehearsal.endpoints import (
    AwsIdentity,
    Bedrock,
    Configuration,
    EntraIdentity,
    Foundry,
    GoogleIdentity,
    Model,
    RedactedThinkingPart,
    Scripted,
    ScriptedReply,
    TextPart,
    ThinkingPart,
    ToolUsePart,
    Vertex,
    When,
)

ACCESS_KEY, SECRET_KEY = "AKIAREHEARSAL0000001", "rehearsal/secret+key"
TEMPORARY_KEY, SESSION_TOKEN = "ASIAREHEARSAL0000002", "rehearsal//session+token=="
EXPIRED_KEY = "ASIAREHEARSAL0000003"
GOOGLE_TOKEN, GOOGLE_EXPIRED, GOOGLE_NARROW = "ya29.good", "ya29.expired", "ya29.narrow"
FOUNDRY_KEY = "foundry-key"
ENTRA_TOKEN, ENTRA_OTHER, ENTRA_EXPIRED, ENTRA_DENIED = (
    "eyJ.good",
    "eyJ.graph",
    "eyJ.old",
    "eyJ.denied",
)
REGION, PROJECT, LOCATION = "us-east-1", "rehearsal-project", "us-east5"
SONNET, OPUS = (
    "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "us.anthropic.claude-opus-5-5",
)
PROFILE_ARN = f"arn:aws:bedrock:{REGION}:000000000000:inference-profile/{SONNET}"
VERTEX_SONNET = "claude-sonnet-4-5@20250929"
DEPLOYMENT = "sonnet"

_PAST = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)

REPLIES = (
    ScriptedReply(
        when=When(contains="tool please"),
        content=(
            ThinkingPart(thinking="A tool is wanted."),
            TextPart(text="Let me look."),
            ToolUsePart(
                id="toolu_01", name="get_weather", input={"city": "Rome", "days": 3}
            ),
        ),
        input_tokens=11,
        output_tokens=22,
        cache_read_input_tokens=5,
        cache_creation_input_tokens=7,
    ),
    ScriptedReply(
        when=When(tool_result=True), content=(TextPart(text="It is sunny in Rome."),)
    ),
    ScriptedReply(
        when=When(contains="secret thoughts"),
        content=(RedactedThinkingPart(data="b3BhcXVl"), TextPart(text="Done.")),
    ),
    ScriptedReply(when=When(contains="refuse"), content=(), stop_reason="refusal"),
    ScriptedReply(
        when=When(contains="once"), times=1, content=(TextPart(text="Only once."),)
    ),
    ScriptedReply(when=When(contains="once"), content=(TextPart(text="Afterwards."),)),
    ScriptedReply(content=(TextPart(text="Three roads meet here, dear traveller."),)),
)
GREETING = "Three roads meet here, dear traveller."


_MODEL = Model(max_output_tokens=64_000)

BEDROCK = Bedrock(
    region=REGION,
    identities=(
        AwsIdentity(access_key_id=ACCESS_KEY, secret_access_key=SECRET_KEY),
        AwsIdentity(
            access_key_id=TEMPORARY_KEY,
            secret_access_key=SECRET_KEY,
            session_token=SESSION_TOKEN,
        ),
        AwsIdentity(
            access_key_id=EXPIRED_KEY,
            secret_access_key=SECRET_KEY,
            session_token=SESSION_TOKEN,
            expires_at=_PAST,
        ),
    ),
    models={
        SONNET: _MODEL,
        OPUS: Model(accepts_2026_10_21=True, accepts_prefill=False),
        "us.anthropic.claude-locked-v1:0": Model(accessible=False),
    },
    guardrails={"gr1234567890": ("1", "DRAFT")},
    betas=("context-1m-2025-08-07",),
)
FOUNDRY = Foundry(
    models={DEPLOYMENT: _MODEL},
    api_keys=(FOUNDRY_KEY,),
    identities=(
        EntraIdentity(token=ENTRA_TOKEN),
        EntraIdentity(token=ENTRA_OTHER, audience="https://graph.microsoft.com"),
        EntraIdentity(token=ENTRA_EXPIRED, expires_at=_PAST),
        EntraIdentity(token=ENTRA_DENIED, permitted=False),
    ),
)


def configuration(*, grpc: bool = False) -> Configuration:
    """Endpoints with a script, and one identity of each kind that works or does not."""
    narrow = ("https://www.googleapis.com/auth/userinfo.email",)
    vertex = Vertex(
        project=PROJECT,
        locations=(LOCATION, "global"),
        identities=(
            GoogleIdentity(token=GOOGLE_TOKEN),
            GoogleIdentity(token=GOOGLE_EXPIRED, expires_at=_PAST),
            GoogleIdentity(token=GOOGLE_NARROW, scopes=narrow),
        ),
        models={VERTEX_SONNET: _MODEL},
        grpc=grpc,
    )
    return Configuration(
        source=Scripted(replies=REPLIES),
        bedrock=BEDROCK,
        vertex=vertex,
        foundry=FOUNDRY,
    )


# ---------------------------------------------------------------- requests


@dataclasses.dataclass
class Draft:
    """A request that would be answered, for a test to spoil. One for Bedrock is signed
    when it is sent."""

    target: str
    body: Any  # JSON, or bytes to be sent as they are
    headers: dict[str, str]
    method: str = "POST"
    key: str = ACCESS_KEY
    secret: str = SECRET_KEY
    token: str | None = None
    region: str = REGION
    service: str = "bedrock"
    at: dt.datetime | None = None
    sign: bool = False
    after_signing: Any = None
    """A function that spoils the draft once it carries its signature."""

    @property
    def data(self) -> bytes:
        return (
            self.body
            if isinstance(self.body, bytes)
            else json.dumps(self.body).encode()
        )


def converse(
    text: str = "hello", *, stream: bool = False, model: str = SONNET
) -> Draft:
    body = {"messages": [{"role": "user", "content": [{"text": text}]}]}
    operation = "converse-stream" if stream else "converse"
    headers = {"content-type": "application/json"}
    return Draft(
        f"/model/{quote(model, safe='')}/{operation}", body, headers, sign=True
    )


def invoke(text: str = "hello", *, stream: bool = False, model: str = SONNET) -> Draft:
    operation = "invoke-with-response-stream" if stream else "invoke"
    body = {"anthropic_version": "bedrock-2023-05-31", **_asked(text)}
    return Draft(
        f"/model/{quote(model, safe='')}/{operation}",
        body,
        {"content-type": "application/json"},
        sign=True,
    )


def vertex(
    text: str = "hello", *, stream: bool = False, model: str = VERTEX_SONNET
) -> Draft:
    verb = "streamRawPredict" if stream else "rawPredict"
    target = f"/v1/{vertex_model(model)}:{verb}"
    body = {
        "anthropic_version": "vertex-2023-10-16",
        **_asked(text),
        **({"stream": True} if stream else {}),
    }
    return Draft(
        target,
        body,
        {"authorization": f"Bearer {GOOGLE_TOKEN}", "content-type": "application/json"},
    )


def vertex_model(model: str) -> str:
    """The resource name of a model on Vertex AI."""
    place = f"projects/{PROJECT}/locations/{LOCATION}"
    return f"{place}/publishers/anthropic/models/{model}"


def foundry(text: str = "hello", *, stream: bool = False) -> Draft:
    body = {"model": DEPLOYMENT, **_asked(text), **({"stream": True} if stream else {})}
    headers = {
        "x-api-key": FOUNDRY_KEY,
        "anthropic-version": "2023-06-01",
        "content-type": "application/json",
    }
    return Draft("/anthropic/v1/messages", body, headers)


def _asked(text: str) -> dict[str, Any]:
    """The fields of a Messages body."""
    return {"max_tokens": 64, "messages": [{"role": "user", "content": text}]}


def temporary() -> Draft:
    """A conversation signed with temporary credentials."""
    return dataclasses.replace(converse(), key=TEMPORARY_KEY, token=SESSION_TOKEN)


converse_stream = functools.partial(converse, stream=True)
invoke_stream = functools.partial(invoke, stream=True)
vertex_stream = functools.partial(vertex, stream=True)
foundry_stream = functools.partial(foundry, stream=True)

WHOLE: dict[str, tuple[str, Callable[[], Draft]]] = {
    "Converse": ("bedrock", converse),
    "InvokeModel": ("bedrock", invoke),
    "rawPredict": ("vertex", vertex),
    "messages": ("foundry", foundry),
}
"""Cloud and request of each call that is answered whole."""

STREAMS: dict[str, tuple[str, Callable[[], Draft]]] = {
    "ConverseStream": ("bedrock", converse_stream),
    "InvokeModelWithResponseStream": ("bedrock", invoke_stream),
    "streamRawPredict": ("vertex", vertex_stream),
    "streamed messages": ("foundry", foundry_stream),
}
"""Cloud and request of each call that is answered by a stream."""


@dataclasses.dataclass
class Heard:
    """What came back, as far as it came."""

    status: int
    headers: dict[str, str]
    body: bytes
    complete: bool
    """Whether the message ended as HTTP demands."""
    reset: bool
    """Whether the connection was reset."""
    arrivals: int
    """How many times the socket had something."""
    chunks: int = 0
    """How many chunks the body came in (RFC 9112, 7.1), however the network joined
    them."""

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error_type(self) -> str:
        """The error's name, in the words of the cloud that answered."""
        if "x-amzn-errortype" in self.headers:
            return self.headers["x-amzn-errortype"].partition(":")[0]
        if not self.headers.get("content-type", "").startswith("application/json"):
            return self.headers.get("content-type", "")
        error = self.json["error"]
        return str(error.get("type") or error.get("status") or error.get("code"))


def send(
    url: str,
    draft: Draft,
    *,
    timeout_s: float = 10.0,
    patience_s: float | None = None,
    head: bool = False,
) -> Heard:
    """Send the draft over a bare socket, and listen to the end or until nothing comes
    for `patience_s`.

    With `head`, patience begins only after something has come: a busy machine is not a
    silent server.
    """
    data = encoded(url, draft)
    return send_bytes(url, data, timeout_s=timeout_s, patience_s=patience_s, head=head)


def encoded(url: str, draft: Draft) -> bytes:
    """The draft's bytes on the wire."""
    headers = {"host": urlsplit(url).netloc, **draft.headers}
    if draft.sign:
        headers = signed(draft, url, headers)
    lines = f"{draft.method} {draft.target} HTTP/1.1\r\n"
    lines += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    lines += f"content-length: {len(draft.data)}\r\n\r\n"
    return lines.encode() + draft.data


@contextlib.contextmanager
def connected(url: str, draft: Draft, *, timeout_s: float) -> Iterator[socket.socket]:
    """A connection on which the draft was sent; leaving closes it."""
    address = urlsplit(url)
    with socket.create_connection(
        (str(address.hostname), int(address.port or 0)), timeout=timeout_s
    ) as sock:
        sock.sendall(encoded(url, draft))
        yield sock


def signed(draft: Draft, url: str, headers: dict[str, str]) -> dict[str, str]:
    """The headers with a signature of botocore, then spoiled if the draft says so."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    request = AWSRequest(
        method=draft.method, url=url + draft.target, headers=headers, data=draft.data
    )
    credentials = Credentials(draft.key, draft.secret, draft.token)
    at = draft.at or dt.datetime.now(dt.UTC)
    signer = SigV4Auth(credentials, draft.service, draft.region)
    # The parts of botocore's add_auth, with a clock of our own.
    request.context["timestamp"] = at.strftime("%Y%m%dT%H%M%SZ")
    signer._modify_request_before_signing(request)
    canonical = signer.canonical_request(request)
    signature = signer.signature(signer.string_to_sign(request, canonical), request)
    signer._inject_signature_to_request(request, signature)
    signed_headers = {name.lower(): value for name, value in request.headers.items()}
    if draft.after_signing:
        draft.after_signing(draft, signed_headers)
    return signed_headers


def send_bytes(
    url: str,
    data: bytes,
    *,
    timeout_s: float = 10.0,
    patience_s: float | None = None,
    head: bool = False,
) -> Heard:
    """Send these bytes and listen."""
    address = urlsplit(url)
    http = h11.Connection(h11.CLIENT)
    http.send(
        h11.Request(
            method="POST", target="/", headers=[("host", "x"), ("content-length", "0")]
        )
    )
    http.send(h11.EndOfMessage())
    heard = Heard(0, {}, b"", complete=False, reset=False, arrivals=0)
    with socket.create_connection(
        (str(address.hostname), int(address.port or 0)), timeout=timeout_s
    ) as sock:
        sock.sendall(data)
        for chunk in _arrivals(sock, heard, patience_s, head=head):
            http.receive_data(chunk)
            if _advance(http, heard):
                break
    return heard


def _arrivals(
    sock: socket.socket, heard: Heard, patience_s: float | None, *, head: bool
) -> Iterator[bytes]:
    """What the socket has, until the end, a reset, or the end of patience."""
    while True:
        patient = head and heard.arrivals == 0
        if (
            patience_s is not None
            and not patient
            and not select.select([sock], [], [], patience_s)[0]
        ):
            return
        try:
            chunk = sock.recv(65536)
        except ConnectionResetError:
            heard.reset = True
            return
        heard.arrivals += 1
        yield chunk
        if not chunk:
            return


def _advance(http: h11.Connection, heard: Heard) -> bool:
    """Take what h11 understood. True at the end of the message."""
    while True:
        try:
            event = http.next_event()
        except h11.RemoteProtocolError:
            return True
        if isinstance(event, h11.Response):
            heard.status = event.status_code
            heard.headers = {
                name.decode().lower(): value.decode() for name, value in event.headers
            }
        elif isinstance(event, h11.Data):
            heard.body += bytes(event.data)
            heard.chunks += event.chunk_end
        elif isinstance(event, h11.EndOfMessage):
            heard.complete = True
            return True
        else:
            return event is not h11.NEED_DATA


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether it holds within five seconds.

    What a server does after its caller has left cannot be seen at once.
    """
    for _ in range(500):
        if holds():
            return True
        time.sleep(0.01)
    return False


# ---------------------------------------------------------------- streams


def sse_events(body: bytes) -> list[tuple[str, str]]:
    """Name and data of each complete server-sent event."""
    events = []
    for block in body.decode(errors="replace").split("\n\n")[:-1]:
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        events.append((fields["event"], fields["data"]))
    return events


def frames(body: bytes) -> list[tuple[dict[str, str], bytes]]:
    """Headers and payload of each complete event-stream message, by botocore.

    Raises on a wrong checksum.
    """
    from botocore.eventstream import EventStreamBuffer

    buffer = EventStreamBuffer()
    buffer.add_data(body)
    return [(dict(message.headers), message.payload) for message in buffer]


def whole_frames(body: bytes) -> bool:
    """Whether the body ends where a message ends."""
    position = 0
    while position + 4 <= len(body):
        position += int(struct.unpack(">I", body[position : position + 4])[0])
    return position == len(body)
