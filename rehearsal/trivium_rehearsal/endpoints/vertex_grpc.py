"""Vertex AI's PredictionService over gRPC, for clients that take that way
(google-cloud-aiplatform).

The two methods are carried over to the HTTP endpoint, so both ways are judged by one
set of rules. The messages are declared here from
google/cloud/aiplatform/v1/prediction_service.proto (googleapis, field numbers below)
and google/api/httpbody.proto, so that the eight seconds of importing
google-cloud-aiplatform are not spent.
"""

import functools
from collections.abc import Mapping
from typing import Any

from trivium_rehearsal.endpoints.http import HOST, Handler, Request, candidates
from trivium_rehearsal.endpoints.ledger import Account

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
"""HTTP status to gRPC code (google.rpc.Code's own table; 529 has none and is a lack of
capacity)."""

_Message = Any
"""protobuf's generated classes have no static types."""


@functools.cache
def _types() -> tuple[_Message, _Message]:
    """The request of both methods (endpoint = 1, http_body = 2) and HttpBody
    (content_type = 1, data = 2)."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(
        name="trivium_rehearsal/raw_predict.proto", syntax="proto3"
    )
    file.package = "trivium_rehearsal"
    body = file.message_type.add(name="HttpBody")
    body.field.add(
        name="content_type",
        number=1,
        type=field.TYPE_STRING,
        label=field.LABEL_OPTIONAL,
    )
    body.field.add(
        name="data", number=2, type=field.TYPE_BYTES, label=field.LABEL_OPTIONAL
    )
    request = file.message_type.add(name="RawPredictRequest")
    request.field.add(
        name="endpoint", number=1, type=field.TYPE_STRING, label=field.LABEL_OPTIONAL
    )
    request.field.add(
        name="http_body",
        number=2,
        type=field.TYPE_MESSAGE,
        type_name=".trivium_rehearsal.HttpBody",
        label=field.LABEL_OPTIONAL,
    )
    # A pool of its own: the real google.cloud.aiplatform may be loaded in the same
    # process.
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = (
        pool.FindMessageTypeByName(f"trivium_rehearsal.{name}")
        for name in ("RawPredictRequest", "HttpBody")
    )
    request_type, body_type = (
        message_factory.GetMessageClass(descriptor) for descriptor in found
    )
    return request_type, body_type


class GrpcServer:
    """A listening gRPC server."""

    def __init__(self, server: Any, port: int) -> None:
        self._server = server
        self.address = f"{HOST}:{port}"

    async def close(self) -> None:
        await self._server.stop(grace=None)


async def listen(
    handler: Handler, *, port: int | None, traffic: Account, max_body_bytes: int
) -> GrpcServer:
    """Serve PredictionService on 127.0.0.1. Raises OSError when the port is taken."""
    import grpc

    request_type, body_type = _types()
    for candidate in candidates(port):
        # Without this, two servers could share a port and each would get half of the
        # calls. And gRPC's own limit of 4 MB would come before the service's.
        options = [
            ("grpc.so_reuseport", 0),
            ("grpc.max_receive_message_length", max_body_bytes),
        ]
        server = grpc.aio.server(options=options)
        server.add_generic_rpc_handlers(
            (_methods(handler, traffic, request_type, body_type),)
        )
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
    handler: Handler, traffic: Account, request_type: _Message, body_type: _Message
) -> Any:
    import grpc

    async def raw_predict(request: _Message, context: Any) -> _Message:
        answer = _WholeAnswer(body_type, traffic)
        await handler(_as_http(request, context, traffic, "rawPredict"), answer)
        await context.send_initial_metadata(_metadata(answer.headers))
        if answer.status != 200 or answer.aborted:
            await _fail(context, answer)
        return answer.message

    # A coroutine and not a generator: grpc lets only those write as they go.
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


def _as_http(request: _Message, context: Any, traffic: Account, verb: str) -> Request:
    """The call as the HTTP request that says the same; noted in the ledger like one."""
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
    # gRPC has no Accept; what the framing is, is settled.
    kept = tuple((key, value) for key, value in headers if key != "accept")
    return Request(
        method="POST", target=target, headers=kept, body=request.http_body.data
    )


class _WholeAnswer:
    """Keeps one answer for a unary method."""

    def __init__(self, body_type: _Message, traffic: Account) -> None:
        self._body_type = body_type
        self._traffic = traffic
        self.started = False
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
        length: int,  # noqa: ARG002
    ) -> None:
        self.started = True
        self.status, self.headers = status, headers
        await self.more(body)

    async def more(self, body: bytes) -> None:
        self.body += body
        self._traffic.sent(len(body))
        content_type = self.headers.get("content-type", "application/json")
        self.message = self._body_type(content_type=content_type, data=self.body)

    async def start(self, status: int, headers: Mapping[str, str]) -> None:
        self.started = True
        self.status, self.headers = status, headers

    async def send(self, data: bytes) -> None:
        await self.more(data)

    async def finish(self) -> None:
        """Nothing to do: the method returns the message."""

    def abort(self) -> None:
        self.aborted = True


class _StreamAnswer(_WholeAnswer):
    """Sends each chunk as one HttpBody."""

    def __init__(self, body_type: _Message, context: Any, traffic: Account) -> None:
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
    import grpc

    if answer.aborted:
        await context.abort(grpc.StatusCode.UNAVAILABLE, "Socket closed")
    code = getattr(grpc.StatusCode, _CODES.get(answer.status, "UNKNOWN"))
    await context.abort(
        code, answer.body.decode(errors="replace"), _metadata(answer.headers)
    )


def _metadata(headers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (key, value)
        for key, value in headers.items()
        if key.startswith("x-") or key == "retry-after"
    )
