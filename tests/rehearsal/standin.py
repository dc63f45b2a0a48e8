"""What tests of the stand-ins share: a call context, an in-memory executor, and one
provider spoken to directly."""

from dataclasses import dataclass, field
from typing import Any

import grpc
from pulumi.runtime.proto import provider_pb2

from trivium_rehearsal.execution import Created, ExecutionError, Executors, Properties
from trivium_rehearsal.provider import StandInProvider
from trivium_rehearsal.wire import Bag, Path, decode, encode


class RefusedError(Exception):
    """What gRPC would have told the engine."""


class Context:
    """A gRPC call context that raises where the real one ends the call."""

    def __init__(self, peer: str = "ipv4:127.0.0.1:1") -> None:
        self._peer = peer

    def peer(self) -> str:
        return self._peer

    def abort(self, code: grpc.StatusCode, details: str) -> None:
        raise RefusedError(details)


@dataclass
class InMemory:
    """An executor that keeps its resources in a dictionary and refuses what an emulator
    refuses."""

    kept: dict[str, Properties] = field(default_factory=dict)

    def create(self, inputs: Properties) -> Created:
        if inputs.get("bucket") in self.kept:
            raise ExecutionError(
                "CreateBucket: BucketAlreadyExists. Choose another name."
            )
        name = str(inputs["bucket"])
        self.kept[name] = inputs
        return Created(id=name, outputs=self._told(name))

    def read(self, id: str, state: Properties) -> Properties | None:  # noqa: A002
        return self._told(id) if id in self.kept else None

    def update(self, id: str, state: Properties, inputs: Properties) -> Properties:  # noqa: A002
        self.kept[id] = inputs
        return self._told(id)

    def delete(self, id: str, state: Properties) -> None:  # noqa: A002
        self.kept.pop(id, None)

    def _told(self, name: str) -> Properties:
        return {
            **self.kept[name],
            "id": name,
            "arn": f"arn:aws:s3:::{name}",
            "hostedZoneId": "told by the emulator",
        }


class Engine:
    """As much of the engine as one resource needs, without the engine."""

    def __init__(
        self,
        package: str,
        executors: Executors | None = None,
        config: dict[str, Any] | None = None,
    ) -> None:
        self.provider = StandInProvider(package, executors or {})
        self.context = Context()
        self.provider.Configure(
            provider_pb2.ConfigureRequest(args=encode(config or {})), self.context
        )

    def urn(self, token: str, name: str = "thing") -> str:
        return f"urn:pulumi:dev::project::{token}::{name}"

    def check(
        self,
        token: str,
        news: dict[str, Any],
        olds: dict[str, Any] | None = None,
        secrets: frozenset[Path] = frozenset(),
    ) -> Any:
        request = provider_pb2.CheckRequest(
            urn=self.urn(token),
            news=encode(news, secrets),
            olds=encode(olds or {}),
            randomSeed=b"seed",
        )
        return self.provider.Check(request, self.context)

    def inputs(
        self,
        token: str,
        news: dict[str, Any],
        olds: dict[str, Any] | None = None,
        secrets: frozenset[Path] = frozenset(),
    ) -> Bag:
        answer = self.check(token, news, olds, secrets)
        assert not answer.failures, answer.failures
        return decode(answer.inputs)

    def create(
        self,
        token: str,
        news: dict[str, Any],
        *,
        preview: bool = False,
        secrets: frozenset[Path] = frozenset(),
    ) -> tuple[str, Bag]:
        bag = self.inputs(token, news, secrets=secrets)
        request = provider_pb2.CreateRequest(
            urn=self.urn(token),
            properties=encode(bag.values, bag.secrets),
            preview=preview,
        )
        answer = self.provider.Create(request, self.context)
        return answer.id, decode(answer.properties)

    def diff(self, token: str, old: dict[str, Any], new: dict[str, Any]) -> Any:
        request = provider_pb2.DiffRequest(
            urn=self.urn(token),
            id="x",
            olds=encode({}),
            old_inputs=encode(old),
            news=encode(new),
        )
        return self.provider.Diff(request, self.context)

    def update(
        self,
        token: str,
        id: str,  # noqa: A002
        state: dict[str, Any],
        news: dict[str, Any],
        *,
        preview: bool = False,
    ) -> Bag:
        request = provider_pb2.UpdateRequest(
            urn=self.urn(token),
            id=id,
            olds=encode(state),
            news=encode(news),
            preview=preview,
        )
        return decode(self.provider.Update(request, self.context).properties)

    def read(
        self,
        token: str,
        id: str,  # noqa: A002
        state: dict[str, Any],
        inputs: dict[str, Any],
    ) -> tuple[str, Bag, Bag]:
        request = provider_pb2.ReadRequest(
            urn=self.urn(token), id=id, properties=encode(state), inputs=encode(inputs)
        )
        answer = self.provider.Read(request, self.context)
        return answer.id, decode(answer.properties), decode(answer.inputs)

    def delete(self, token: str, id: str, state: dict[str, Any]) -> None:  # noqa: A002
        request = provider_pb2.DeleteRequest(
            urn=self.urn(token), id=id, properties=encode(state)
        )
        self.provider.Delete(request, self.context)

    def invoke(self, token: str, arguments: dict[str, Any]) -> dict[str, Any]:
        answer = self.provider.Invoke(
            provider_pb2.InvokeRequest(tok=token, args=encode(arguments)), self.context
        )
        return decode(getattr(answer, "return")).values
