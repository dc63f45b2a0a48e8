"""Vertex AI's PredictionService over gRPC, for clients that use it
(google-cloud-aiplatform).

Both methods call the HTTP endpoint, so one set of rules judges both protocols. The
messages are declared here, after google/cloud/aiplatform/v1/prediction_service.proto
(googleapis, field numbers below) and google/api/httpbody.proto: importing
google-cloud-aiplatform takes eight seconds.
"""

import functools
from collections.abc import Mapping
from typing import Any

from trivium_rehearsal.endpoints.serving.http import (
    HOST,
    Handler,
    Request,
    Traffic,
    candidates,
)

_SERVICE = "google.cloud.aiplatform.v1.PredictionService"
_CODES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    529: "UNAVAILABLE",
}
"""HTTP status to gRPC code, by the table of google.rpc.Code. It has no 529, which means
a lack of capacity."""

_Message = Any
"""protobuf's generated classes have no static types."""


@functools.cache
def _types() -> tuple[_Message, _Message]:
    """The classes of the request of both methods and of HttpBody."""
    from google.protobuf import descriptor_pool, message_factory

    # A pool of its own: the real google.cloud.aiplatform may be loaded in the same
    # process.
    pool = descriptor_pool.DescriptorPool()
    pool.Add(_declared())
    request_type, body_type = (
        message_factory.GetMessageClass(
            pool.FindMessageTypeByName(f"trivium_rehearsal.{name}")
        )
        for name in ("RawPredictRequest", "HttpBody")
    )
    return request_type, body_type


def _declared() -> _Message:
    """A file with HttpBody (content_type = 1, data = 2) and the request of both methods
    (endpoint = 1, http_body = 2)."""
    from google.protobuf import descriptor_pb2

    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(
        name="trivium_rehearsal/raw_predict.proto",
        package="trivium_rehearsal",
        syntax="proto3",
    )

    def declare(message: _Message, number: int, name: str, **kind: Any) -> None:
        message.field.add(number=number, name=name, label=field.LABEL_OPTIONAL, **kind)

    body = file.message_type.add(name="HttpBody")
    declare(body, 1, "content_type", type=field.TYPE_STRING)
    declare(body, 2, "data", type=field.TYPE_BYTES)

    request = file.message_type.add(name="RawPredictRequest")
    declare(request, 1, "endpoint", type=field.TYPE_STRING)
    body_type = {"type": field.TYPE_MESSAGE, "type_name": ".trivium_rehearsal.HttpBody"}
    declare(request, 2, "http_body", **body_type)
    return file


class GrpcServer:
    """A listening gRPC server."""

    def __init__(self, server: Any, port: int) -> None:  # grpc has no types
        self._server = server
        self.address = f"{HOST}:{port}"

    async def close(self) -> None:
        """Stop listening and end every call."""
        await self._server.stop(grace=None)


async def listen(
    handler: Handler, *, port: int | None, traffic: Traffic, max_body_bytes: int
) -> GrpcServer:
    """Serve PredictionService on 127.0.0.1, on the given port or on a free one.

    Raises OSError if the port is taken.
    """
    import grpc

    options = [
        # Otherwise two servers could share a port, and each would get half of the
        # calls.
        ("grpc.so_reuseport", 0),
        # gRPC's own limit is 4 MB, below the service's.
        ("grpc.max_receive_message_length", max_body_bytes),
    ]
    for candidate in candidates(port):
        server = grpc.aio.server(options=options)
        server.add_generic_rpc_handlers((_methods(handler, traffic, *_types()),))
        try:
            bound = server.add_insecure_port(f"{HOST}:{candidate}")
        except RuntimeError:
            bound = 0
        if bound:
            await server.start()
            return GrpcServer(server, bound)
        await server.stop(grace=None)

    raise OSError(f"gRPC port {port or 'range'} is taken on {HOST}.")


def _methods(
    handler: Handler, traffic: Traffic, request_type: _Message, body_type: _Message
) -> Any:  # grpc has no types
    """The two methods, carried over to the handler."""
    import grpc

    async def raw_predict(request: _Message, context: Any) -> _Message:
        answer = _WholeAnswer(body_type, traffic)
        await handler(_as_http(request, context, traffic, "rawPredict"), answer)
        await context.send_initial_metadata(_metadata(answer.headers))
        if answer.status != 200 or answer.aborted:
            await _fail(context, answer)
        return answer.message

    # A coroutine and not a generator: only a coroutine can write as it goes.
    async def stream_raw_predict(request: _Message, context: Any) -> None:
        answer = _StreamAnswer(body_type, context, traffic)
        await handler(_as_http(request, context, traffic, "streamRawPredict"), answer)
        if answer.status != 200 or answer.aborted:
            await _fail(context, answer)

    settings = {
        "request_deserializer": request_type.FromString,
        "response_serializer": body_type.SerializeToString,
    }
    return grpc.method_handlers_generic_handler(
        _SERVICE,
        {
            "RawPredict": grpc.unary_unary_rpc_method_handler(raw_predict, **settings),
            "StreamRawPredict": grpc.unary_stream_rpc_method_handler(
                stream_raw_predict, **settings
            ),
        },
    )


def _as_http(request: _Message, context: Any, traffic: Traffic, verb: str) -> Request:
    """The call as the HTTP request that means the same, noted like one."""
    headers = tuple(
        (key.lower(), value)
        for key, value in context.invocation_metadata() or ()
        if isinstance(value, str)
    )
    target = f"/v1/{request.endpoint}:{verb}"
    number = traffic.opened(
        "\r\n".join([f"POST {target}", *(f"{k}: {v}" for k, v in headers)]).encode()
    )
    traffic.received(number, request.http_body.data)
    # gRPC fixes the framing; a header `accept` has no meaning.
    kept = tuple((key, value) for key, value in headers if key != "accept")
    return Request(
        method="POST", target=target, headers=kept, body=request.http_body.data
    )


class _WholeAnswer:
    """Keeps one answer for a unary method."""

    def __init__(self, body_type: _Message, traffic: Traffic) -> None:
        self._body_type = body_type
        self._traffic = traffic
        self.aborted = False
        self.status = 200
        self.headers: Mapping[str, str] = {}
        self.message = body_type()
        self.body = b""

    async def whole(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        await self.part(status, headers, body, len(body))

    async def part(
        self,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        length: int,  # noqa: ARG002 - the server's interface
    ) -> None:
        self.status, self.headers = status, headers
        await self.more(body)

    async def more(self, body: bytes) -> None:
        self.body += body
        self._traffic.sent(len(body))
        content_type = self.headers.get("content-type", "application/json")
        self.message = self._body_type(content_type=content_type, data=self.body)

    async def start(self, status: int, headers: Mapping[str, str]) -> None:
        self.status, self.headers = status, headers

    async def send(self, data: bytes) -> None:
        await self.more(data)

    async def finish(self) -> None:
        """The method returns the message, so there is nothing to do."""

    def abort(self) -> None:
        self.aborted = True


class _StreamAnswer(_WholeAnswer):
    """Sends each chunk as one HttpBody."""

    def __init__(self, body_type: _Message, context: Any, traffic: Traffic) -> None:
        super().__init__(body_type, traffic)
        self._context = context

    async def start(self, status: int, headers: Mapping[str, str]) -> None:
        await super().start(status, headers)
        await self._context.send_initial_metadata(_metadata(headers))

    async def send(self, data: bytes) -> None:
        self._traffic.sent(len(data))
        content_type = self.headers.get("content-type", "application/json")
        await self._context.write(self._body_type(content_type=content_type, data=data))


async def _fail(context: Any, answer: _WholeAnswer) -> None:
    """End the call with the gRPC status of a refusal or a reset."""
    import grpc

    if answer.aborted:
        await context.abort(grpc.StatusCode.UNAVAILABLE, "Socket closed")

    code = getattr(grpc.StatusCode, _CODES.get(answer.status, "UNKNOWN"))
    await context.abort(
        code, answer.body.decode(errors="replace"), _metadata(answer.headers)
    )


def _metadata(headers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The headers that gRPC carries as metadata."""
    return tuple(
        (key, value)
        for key, value in headers.items()
        if key.startswith("x-") or key == "retry-after"
    )
