"""What the stand-in provider asks of a resource type that a local emulator really
executes.

The stand-in keeps checking inputs and keeping state; an `Executor` does the cloud's
part: it calls the emulator and answers with what the emulator says. All values are
plain Python data in the provider's wire spelling (camelCase keys), already free of
secrets' wrappers and of unknowns. An executor never invents an output that the emulator
could have been asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

Properties = dict[str, Any]
"""A property bag as the provider protocol carries it; `Any` because each resource type
has a shape of its own."""


@dataclass(frozen=True, kw_only=True)
class Created:
    """A resource that now exists in the emulator."""

    id: str
    """The id Pulumi keeps in state and passes to later calls."""
    outputs: Properties
    """Every output property that the emulator told."""


class ExecutionError(Exception):
    """The emulator refused the call, or could not be reached.

    The message names the operation, the emulator's error code and text, and the remedy.
    """


class Executor(Protocol):
    """One resource type, executed."""

    def create(self, inputs: Properties) -> Created:
        """Create the resource. Raises `ExecutionError` when the emulator refuses."""

    def read(self, id: str, state: Properties) -> Properties | None:
        """Current outputs, or None when the resource no longer exists. `state` may be
        empty (import)."""

    def update(self, id: str, state: Properties, inputs: Properties) -> Properties:
        """Bring the resource to `inputs` (complete, not a delta) and return its
        outputs."""

    def delete(self, id: str, state: Properties) -> None:
        """Delete the resource; deleting what is already gone succeeds."""


Executors = Mapping[str, Executor]
"""Type token, for instance ``aws:s3/bucket:Bucket``, to its executor."""
