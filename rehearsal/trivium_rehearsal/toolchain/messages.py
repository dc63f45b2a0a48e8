"""The engine's messages (protobuf, gRPC), imported without the SDK around them.

`import pulumi.runtime.proto` runs the SDK's own `__init__` first, which takes twice as
long as the messages themselves, and the language host, which needs nothing else of the
SDK, starts anew for every engine command. So while the messages are imported, two empty
packages stand in for `pulumi` and `pulumi.runtime`. Afterwards they are gone: whoever
imports the SDK later gets it whole, with these same messages. Where the SDK has been
imported already, it is used as it is.
"""

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pulumi.runtime.proto import (
        analyzer_pb2,
        language_pb2,
        language_pb2_grpc,
        plugin_pb2,
    )


@contextmanager
def _sdk_stood_in() -> Iterator[None]:
    """While inside, `pulumi` and `pulumi.runtime` are empty packages over the SDK's
    folders."""
    spec = importlib.util.find_spec("pulumi")
    if "pulumi" in sys.modules or spec is None or spec.origin is None:
        yield  # As it is, or an import error that says what is missing.
        return
    folder = Path(spec.origin).parent
    for name, path in (("pulumi", folder), ("pulumi.runtime", folder / "runtime")):
        sys.modules[name] = ModuleType(name)
        sys.modules[name].__path__ = [str(path)]
    try:
        yield
    finally:
        del sys.modules["pulumi"], sys.modules["pulumi.runtime"]


if not TYPE_CHECKING:
    with _sdk_stood_in():
        _proto = importlib.import_module("pulumi.runtime.proto")
    analyzer_pb2 = _proto.analyzer_pb2
    language_pb2 = _proto.language_pb2
    language_pb2_grpc = _proto.language_pb2_grpc
    plugin_pb2 = _proto.plugin_pb2

__all__ = ["analyzer_pb2", "language_pb2", "language_pb2_grpc", "plugin_pb2"]
