"""One resource type, executed: the part that all types share.

A `Kind` knows four calls of one AWS service. `Executed` adds what must hold for every
type: the Region is honoured, what was asked is read back and compared, and what a
failed creation left behind is taken away again.
"""

import contextlib
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from trivium_rehearsal.aws.calls import DEFAULT_REGION, Calls, Cloud
from trivium_rehearsal.aws.kept import NOT_KEPT, dropped, outputs, plain
from trivium_rehearsal.execution import Created, ExecutionError, Properties

_IMPORT_REGION = re.compile(r"(?P<id>.+)@(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)$")
"""pulumi-aws 7 imports from another Region by an id that ends in ``@<region>``."""


class Kind(ABC):
    """How one AWS resource type is made, looked at, changed and removed."""

    token: ClassVar[str]
    """The type token, as the provider SDK registers it."""
    regional: ClassVar[bool] = True
    """False for services whose resources have no `region` property (IAM, Budgets)."""
    unread: ClassVar[tuple[str, ...]] = ()
    """Inputs that AWS itself never returns (or that only steer the provider): the state
    keeps the program's word."""

    @abstractmethod
    def make(self, aws: Calls, inputs: Properties) -> str:
        """Create it by one call and return its id."""

    def finish(self, aws: Calls, id: str, inputs: Properties) -> None:  # noqa: B027
        """Whatever a new resource needs beyond its creating call."""

    @abstractmethod
    def look(self, aws: Calls, id: str, known: Properties) -> Properties | None:
        """What the emulator says of it now, in the provider's spelling, or None when it
        is gone."""

    @abstractmethod
    def change(
        self, aws: Calls, id: str, state: Properties, inputs: Properties
    ) -> None:
        """Bring it from `state` to `inputs`."""

    @abstractmethod
    def remove(self, aws: Calls, id: str, state: Properties) -> None:
        """Delete it; that it is already gone is no error."""


@dataclass(frozen=True)
class Executed:
    """The `Executor` of one kind."""

    kind: Kind
    cloud: Cloud

    def create(self, inputs: Properties) -> Created:
        """Create, finish, read back, compare. Raises `ExecutionError`, with nothing
        left behind."""
        wanted: Properties = plain(inputs)
        aws = self._calls(wanted)
        made = self.kind.make(aws, wanted)
        try:
            self.kind.finish(aws, made, wanted)
            return Created(
                id=made, outputs=self._verified(aws, made, wanted, "created")
            )
        except ExecutionError:
            with contextlib.suppress(
                ExecutionError
            ):  # the first error is the one to report
                self.kind.remove(aws, made, wanted)
            raise

    def read(self, id: str, state: Properties) -> Properties | None:
        """What exists now, in the state's spelling where nothing changed."""
        known: Properties = plain(state)
        own, aws = self._addressed(id, known)
        told = self.kind.look(aws, own, known)
        return None if told is None else self._outputs(aws, own, known, told)

    def update(self, id: str, state: Properties, inputs: Properties) -> Properties:
        """Change, read back, compare."""
        wanted: Properties = plain(inputs)
        own, aws = self._addressed(id, wanted)
        self.kind.change(aws, own, plain(state), wanted)
        return self._verified(aws, own, wanted, "updated")

    def delete(self, id: str, state: Properties) -> None:
        """Delete what `create` made."""
        known: Properties = plain(state)
        own, aws = self._addressed(id, known)
        self.kind.remove(aws, own, known)

    def _addressed(self, id: str, known: Properties) -> tuple[str, Calls]:
        imported = _IMPORT_REGION.match(id)
        if imported and self.kind.regional:
            return imported["id"], Calls(
                self.cloud, self.kind.token, imported["region"]
            )
        return id, self._calls(known)

    def _calls(self, known: Properties) -> Calls:
        region = known.get("region") if self.kind.regional else None
        return Calls(self.cloud, self.kind.token, region or DEFAULT_REGION)

    def _verified(
        self, aws: Calls, id: str, wanted: Properties, verb: str
    ) -> Properties:
        told = self.kind.look(aws, id, wanted)
        if told is None:
            raise ExecutionError(
                f"{self.kind.token}: `{id}` was {verb} in the local AWS emulator, but"
                " reading it back finds nothing. Run `make down` and `make up` again."
            )
        paths = self._untold()
        if lost := dropped(wanted, self._located(aws, told), paths):
            raise ExecutionError(
                f"{self.kind.token}: the local AWS emulator accepted `{id}` but did not"
                f" keep {', '.join(f'`{path}`' for path in lost)} as given. The"
                " rehearsal would show something that does not exist, so it stops"
                " here. Remove the property or correct it; if AWS keeps it and the"
                " emulator does not, add it to NOT_KEPT with the reason."
            )
        return self._outputs(aws, id, wanted, told)

    def _outputs(
        self, aws: Calls, id: str, known: Properties, told: Properties
    ) -> Properties:
        return {**outputs(known, self._located(aws, told), self._untold()), "id": id}

    def _located(self, aws: Calls, told: Properties) -> Properties:
        return {**told, "region": aws.region} if self.kind.regional else told

    def _untold(self) -> Mapping[str, str]:
        """Everything the emulator cannot tell of this type: what AWS never tells, and
        what the emulator drops."""
        never = dict.fromkeys((*self.kind.unread, "timeouts"), "never returned by AWS")
        return MappingProxyType({**never, **NOT_KEPT.get(self.kind.token, {})})
