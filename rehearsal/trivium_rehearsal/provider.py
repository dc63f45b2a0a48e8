# ruff: noqa: N802, ARG002 - methods and their parameters are given by the protocol
"""One stand-in provider: Pulumi's provider protocol over the checks, the differences
and the made-up answers.

It behaves as the real provider does towards the engine (secrets kept, previews with
unknowns, names made up, replacements told) and towards no cloud at all, except that a
type with an `Executor` is really created, read, changed and deleted through it. The
engine keeps all state; nothing is remembered here but each connection's configuration,
because one server answers for every provider of its package in a stack.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, NoReturn

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from trivium_rehearsal import (
    bags,
    checks,
    difference,
    invokes,
    locks,
    names,
    outputs,
)
from trivium_rehearsal.engine_log import EngineLog
from trivium_rehearsal.engine_requests import (
    called,
    failures_of,
    naming_of,
    old_inputs,
    resource_name,
    same_fixed_name,
)
from trivium_rehearsal.execution import ExecutionError, Executor, Executors
from trivium_rehearsal.one_at_a_time import BusyError, OneAtATime, account_of
from trivium_rehearsal.place import Place, place_of
from trivium_rehearsal.replacement import replaces
from trivium_rehearsal.schema import schema
from trivium_rehearsal.sdk import UnknownTypeError, package
from trivium_rehearsal.types import ResourceType
from trivium_rehearsal.wire import (
    Bag,
    Path,
    Unknown,
    decode,
    encode,
    known_part,
    path_text,
)

__all__ = ["StandInProvider"]

_ADOPTED: Final = "__adopted"
"""In the inputs that an import is answered with when nothing can tell what exists: the
program's word counts."""
_IMPORTED: Final = "__imported"
"""In the inputs that an import is answered with when the emulator told them: it tells
more than programs state."""
_OWN_INPUTS: Final = frozenset({"version", "pluginDownloadURL"})
"""What the engine itself adds to a provider's configuration."""
_KINDS: Final[Mapping[tuple[str, bool], Any]] = MappingProxyType(
    {
        ("add", False): provider_pb2.PropertyDiff.ADD,
        ("add", True): provider_pb2.PropertyDiff.ADD_REPLACE,
        ("delete", False): provider_pb2.PropertyDiff.DELETE,
        ("delete", True): provider_pb2.PropertyDiff.DELETE_REPLACE,
        ("update", False): provider_pb2.PropertyDiff.UPDATE,
        ("update", True): provider_pb2.PropertyDiff.UPDATE_REPLACE,
    }
)

# The generated protocol classes carry no types that mypy reads, hence `Any` for
# requests and contexts below.


class StandInProvider(provider_pb2_grpc.ResourceProviderServicer):
    """The stand-in for one package (a key of `types.PACKAGES`), executing the types in
    `executors`."""

    def __init__(
        self,
        name: str,
        executors: Executors = MappingProxyType({}),
        log: EngineLog | None = None,
        one_at_a_time: OneAtATime | None = None,
    ) -> None:
        self._name = name
        self._log = log or EngineLog()
        self._one_at_a_time = one_at_a_time or OneAtATime()
        self._package = package(name)
        self._executors = executors
        self._places: dict[str, Place] = {}
        self._last = Place()

    # life of a provider

    def Handshake(self, request: Any, context: Any) -> Any:
        """As the bridged providers answer: secrets and outputs yes, resources no (they
        then arrive as ids)."""
        self._log.attach(context.peer(), request.engine_address)
        return provider_pb2.ProviderHandshakeResponse(
            accept_secrets=True,
            accept_resources=False,
            accept_outputs=True,
            supports_autonaming_configuration=True,
        )

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        """The SDK's version: any other puts a warning on every resource."""
        return plugin_pb2.PluginInfo(version=self._package.version)

    def GetSchema(self, request: Any, context: Any) -> Any:
        """What programs in YAML read."""
        return provider_pb2.GetSchemaResponse(schema=schema(self._name))

    def Attach(self, request: Any, context: Any) -> Any:
        self._log.attach(context.peer(), request.address)
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def CheckConfig(self, request: Any, context: Any) -> Any:
        """Refuses configuration keys that the provider does not have."""
        bag = decode(request.news)
        given = [
            key
            for key in bag.values
            if key not in _OWN_INPUTS and not key.startswith("__")
        ]
        failures = checks.check_keys(
            self._package.provider_inputs, given, f"the provider {self._name}"
        )
        return provider_pb2.CheckResponse(
            inputs=request.news, failures=failures_of(failures)
        )

    def DiffConfig(self, request: Any, context: Any) -> Any:
        """A provider's configuration can always be changed in place here."""
        changed = difference.changes(
            decode(request.old_inputs or request.olds).values,
            decode(request.news).values,
        )
        some, none = (
            provider_pb2.DiffResponse.DIFF_SOME,
            provider_pb2.DiffResponse.DIFF_NONE,
        )
        return provider_pb2.DiffResponse(
            changes=some if changed else none,
            diffs=sorted({str(change.path[0]) for change in changed}),
        )

    def Configure(self, request: Any, context: Any) -> Any:
        place = place_of(self._name, decode(request.args).values)
        self._places[context.peer()] = place
        self._last = place
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True,
            supportsPreview=True,
            acceptResources=False,
            acceptOutputs=True,
            supports_autonaming_configuration=True,
        )

    def _place(self, context: Any) -> Place:
        return self._places.get(context.peer(), self._last)

    # life of a resource

    def Check(self, request: Any, context: Any) -> Any:
        type_ = self._type(request.urn, context)
        olds, news = decode(request.olds), decode(request.news)
        naming = naming_of(request)
        seed = bytes(request.randomSeed) or request.urn.encode()
        named = names.auto_name(
            type_, news.values, olds.values, resource_name(request.urn), seed, naming
        )
        if named is not None:
            made = {named[0]: named[1], "__defaults": [named[0]]}
            news = Bag({**news.values, **made}, news.secrets)
        verdict = checks.check(type_, news, self._place(context))
        failures = failures_of(verdict.failures)
        for note in verdict.notes:
            self._log.warn(context.peer(), request.urn, note.text)
        return provider_pb2.CheckResponse(
            inputs=encode(verdict.inputs, verdict.secrets), failures=failures
        )

    def Diff(self, request: Any, context: Any) -> Any:
        type_ = self._type(request.urn, context)
        old, new = old_inputs(request, type_).values, decode(request.news).values
        none, some = (
            provider_pb2.DiffResponse.DIFF_NONE,
            provider_pb2.DiffResponse.DIFF_SOME,
        )
        changed = [] if old.get(_ADOPTED) else difference.changes(old, new)
        if old.get(_IMPORTED):
            changed = [change for change in changed if change.kind != "delete"]
        if not changed:
            return provider_pb2.DiffResponse(changes=none)
        replacing = {change.path for change in changed if replaces(type_, change.path)}
        self._keep_locked(
            request, type_, context, min(replacing, key=path_text, default=())
        )
        return provider_pb2.DiffResponse(
            changes=some,
            diffs=sorted({str(change.path[0]) for change in changed}),
            replaces=sorted({str(path[0]) for path in replacing}),
            deleteBeforeReplace=bool(replacing) and same_fixed_name(type_, old, new),
            detailedDiff={
                path_text(change.path): provider_pb2.PropertyDiff(
                    kind=_KINDS[change.kind, change.path in replacing], inputDiff=True
                )
                for change in changed
            },
            hasDetailedDiff=True,
        )

    def Create(self, request: Any, context: Any) -> Any:
        type_ = self._type(request.urn, context)
        bag = decode(request.properties)
        name = called(request.urn, type_)
        if refusal := locks.refused_creation(type_.token, name, bag.values):
            _abort(context, grpc.StatusCode.FAILED_PRECONDITION, refusal)
        if request.preview:
            return provider_pb2.CreateResponse(
                id="", properties=bags.answer(outputs.preview(type_, bag.values), bag)
            )
        place = self._place(context)
        try:
            with self._one_at_a_time.creating(
                name, account_of(type_.token, bag.values, place)
            ):
                return self._created(request, type_, bag, place, context)
        except BusyError as busy:
            _abort(context, grpc.StatusCode.ABORTED, str(busy))

    def _created(
        self, request: Any, type_: ResourceType, bag: Bag, place: Place, context: Any
    ) -> Any:
        made = outputs.make(
            type_, bag.values, place, request.urn, bags.secret_names(bag)
        )
        executor = self._executors.get(type_.token)
        if executor is None:
            return provider_pb2.CreateResponse(
                id=made.id, properties=bags.answer(made.outputs, bag)
            )
        created = self._executed(
            context,
            lambda: executor.create(bags.for_executor(type_, bag.values, place)),
        )
        made_up = outputs.remade(
            type_,
            bag.values,
            place,
            request.urn,
            created.id,
            {},
            bags.secret_names(bag),
        )
        told = bags.merged(
            bags.not_asked_for(type_, made_up, bag.values), created.outputs
        )
        return provider_pb2.CreateResponse(
            id=created.id, properties=bags.answer(told, bag)
        )

    def Read(self, request: Any, context: Any) -> Any:
        """Refresh, import and `get`. A type without executor exists as the state says,
        or as the program will say."""
        type_ = self._type(request.urn, context)
        state, inputs = decode(request.properties), decode(request.inputs)
        executor = self._executors.get(type_.token)
        if executor is not None:
            return self._read_executed(executor, type_, state, inputs, request, context)
        if inputs.values or bags.is_whole(type_, state):
            return provider_pb2.ReadResponse(
                id=request.id, properties=request.properties, inputs=request.inputs
            )
        # An import, or `get` with a few properties to find it by: nobody can tell what
        # exists.
        found = bags.with_name_of(type_, request.id, known_part(state.values))
        told = outputs.remade(
            type_, found, self._place(context), request.urn, request.id, {}
        )
        told.update(bags.identity(type_, request.id))
        return provider_pb2.ReadResponse(
            id=request.id,
            properties=encode(told, state.secrets),
            inputs=encode({_ADOPTED: True}),
        )

    def _read_executed(
        self,
        executor: Executor,
        type_: ResourceType,
        state: Bag,
        inputs: Bag,
        request: Any,
        context: Any,
    ) -> Any:
        place = self._place(context)
        known = bags.for_executor(type_, state.values, place)
        told = self._executed(context, lambda: executor.read(request.id, known))
        if told is None:
            return provider_pb2.ReadResponse()  # gone
        kept = bags.inputs_now(type_, inputs.values, told)
        if not inputs.values:
            kept[_IMPORTED] = True
        made_up = outputs.remade(
            type_,
            kept,
            place,
            request.urn,
            request.id,
            state.values,
            bags.secret_names(inputs),
        )
        answer = bags.merged(bags.not_asked_for(type_, made_up, kept), told)
        secrets = state.secrets | inputs.secrets
        return provider_pb2.ReadResponse(
            id=str(told.get("id") or request.id),
            properties=bags.answer(answer, Bag(kept, secrets)),
            inputs=encode(kept, inputs.secrets),
        )

    def Update(self, request: Any, context: Any) -> Any:
        type_ = self._type(request.urn, context)
        self._keep_locked(request, type_, context)
        olds, news = decode(request.olds), decode(request.news)
        place = self._place(context)
        told = outputs.remade(
            type_,
            news.values,
            place,
            request.urn,
            request.id,
            olds.values,
            bags.secret_names(news),
        )
        executor = self._executors.get(type_.token)
        if request.preview:
            # What the emulator told before stays; what was not asked for is not
            # invented anew.
            given = bags.given(news)
            if executor is None:  # what a cloud added inside of a block is there still
                given = {name: told.get(name, value) for name, value in given.items()}
            told = {
                **{name: value for name, value in olds.values.items() if name in told},
                **given,
            }
        elif executor is not None:
            wanted = bags.for_executor(type_, news.values, place)
            changed = self._executed(
                context, lambda: executor.update(request.id, olds.values, wanted)
            )
            told = bags.merged(bags.not_asked_for(type_, told, news.values), changed)
        return provider_pb2.UpdateResponse(properties=bags.answer(told, news))

    def Delete(self, request: Any, context: Any) -> Any:
        type_ = self._type(request.urn, context)
        told = decode(request.properties).values
        name = called(request.urn, type_)
        if refusal := locks.refused_deletion(type_.token, name, told):
            _abort(context, grpc.StatusCode.FAILED_PRECONDITION, refusal)
        executor = self._executors.get(type_.token)
        if executor is not None:
            state = bags.for_executor(type_, told, self._place(context))
            self._executed(context, lambda: executor.delete(request.id, state))
        return empty_pb2.Empty()

    # functions

    def Invoke(self, request: Any, context: Any) -> Any:
        """Answers the functions in `invokes.FUNCTIONS`; any other is an error that
        names it."""
        bag = decode(request.args)
        if any(isinstance(value, Unknown) for value in bag.values.values()):
            return (
                provider_pb2.InvokeResponse()
            )  # asked in a preview about something that does not exist yet
        try:
            told = invokes.answer(request.tok, bag.values, self._place(context))
        except invokes.FunctionError as error:
            _abort(context, grpc.StatusCode.INVALID_ARGUMENT, str(error))
        return provider_pb2.InvokeResponse(**{"return": encode(told, bag.secrets)})

    def Call(self, request: Any, context: Any) -> Any:
        _abort(
            context,
            grpc.StatusCode.UNIMPLEMENTED,
            f"The rehearsal cannot answer the method {request.tok}.",
        )

    def Construct(self, request: Any, context: Any) -> Any:
        _abort(
            context,
            grpc.StatusCode.UNIMPLEMENTED,
            f"The rehearsal cannot build the component {request.type}: its code is"
            " inside the real provider. Use the resources that it is made of.",
        )

    # the rest

    def _type(self, urn: str, context: Any) -> ResourceType:
        token = urn.split("::")[2].rpartition("$")[2]
        try:
            return self._package.resource_type(token)
        except UnknownTypeError as error:
            _abort(context, grpc.StatusCode.NOT_FOUND, str(error))

    def _keep_locked(
        self, request: Any, type_: ResourceType, context: Any, replacing: Path = ()
    ) -> None:
        """Refuses a change that would undo a lock. `replacing` is the property that
        makes it a new resource, if one does."""
        refusal = locks.refused_change(
            type_.token,
            called(request.urn, type_),
            decode(request.olds).values,
            old_inputs(request, type_),
            decode(request.news),
            replacing=path_text(replacing),
        )
        if refusal is not None:
            _abort(context, grpc.StatusCode.FAILED_PRECONDITION, refusal)

    # `Any`: an executor's answer is whatever its method promises.
    def _executed(self, context: Any, act: Callable[[], Any]) -> Any:
        try:
            return act()
        except ExecutionError as error:
            _abort(context, grpc.StatusCode.FAILED_PRECONDITION, str(error))


def _abort(context: Any, code: grpc.StatusCode, text: str) -> NoReturn:
    context.abort(code, text)
    raise AssertionError("abort raises")  # pragma: no cover
