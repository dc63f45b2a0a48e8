"""What a rule reads: one resource with its inputs, and the other resources of its
stack.

Nothing here knows Pulumi. A property bag is what the engine sends: JSON values under
the provider's own (camelCase) names, with `UNKNOWN` where a preview cannot know the
value yet. Reading an unknown value raises `NotYetKnownError`, so a rule cannot mistake
it for an absent one and pass.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NoReturn

# azure-native publishes every resource under its default API version
# (`azure-native:storage:StorageAccount`) and under each version by name: until major
# version 2 as a module (`azure-native:storage/v20240101:StorageAccount`), since 3 as a
# package of its own that `pulumi package add` makes
# (`azure-native_storage_v20240101:storage:StorageAccount`). A rule means all three.
# Source: Pulumi registry, azure-native "API versions" and "Local packages", read
# 2026-11-23.
_VERSIONED_MODULE: Final = re.compile(r"/v\d{8}[a-z]*\d*(?=:)")
_VERSIONED_PACKAGE: Final = re.compile(r"^azure-native_\w+_v\d{8}[a-z]*\d*(?=:)")


class _Unknown:
    """The type of `UNKNOWN`. It has no truth value, so that `if value:` on an unknown
    fails instead of choosing."""

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __bool__(self) -> NoReturn:
        raise TypeError("UNKNOWN is neither true nor false; read it through Properties")


UNKNOWN: Final = _Unknown()
"""Stands in a property bag for a value that the preview cannot know yet."""


class NotYetKnownError(Exception):
    """A property was read whose value the preview does not know. `judge` turns it into
    the verdict `Pending`."""

    def __init__(self, path: str) -> None:
        super().__init__(f"`{path}` is not known yet")
        self.path = path


class MalformedPropertyError(Exception):
    """A property has another shape than its provider defines. `judge` makes it a
    `Violation`: unread is not a pass."""

    def __init__(self, path: str, *, found: object, expected: str) -> None:
        super().__init__(f"`{path}` is {type(found).__name__}, not {expected}")
        self.path = path
        self.found = type(found).__name__
        self.expected = expected


class Properties:
    """A property bag, read by dotted path (`rule.defaultRetention.days`).

    An absent property and a null one are both None: providers make no difference. An
    unknown one raises `NotYetKnownError`, one of the wrong shape
    `MalformedPropertyError`.
    """

    __slots__ = ("_bag", "_prefix")

    def __init__(self, bag: Mapping[str, object], prefix: str = "") -> None:
        self._bag = bag
        self._prefix = prefix

    def path(self, path: str) -> str:
        """`path` as seen from the resource, for messages."""
        return f"{self._prefix}.{path}" if self._prefix else path

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its own members, absent (null) ones left out."""
        return tuple(name for name, value in self._bag.items() if value is not None)

    def value(self, path: str) -> object:
        """The value at `path`, or None."""
        value: object = self._bag
        walked = self._prefix
        for name in path.split("."):
            if not isinstance(value, Mapping):
                raise MalformedPropertyError(walked, found=value, expected="an object")
            walked = f"{walked}.{name}" if walked else name
            value = self._known(value.get(name), walked)
            if value is None:
                return None
        return value

    def own(self, name: str) -> object:
        """The value of its own member `name`, or None. Dots in the name are a part of
        it, as in a label's key."""
        return self._known(self._bag.get(name), f"{self._prefix}[{name}]")

    def text(self, path: str) -> str | None:
        """The string at `path`, or None."""
        value = self.value(path)
        if value is None or isinstance(value, str):
            return value
        raise MalformedPropertyError(self.path(path), found=value, expected="a string")

    def flag(self, path: str) -> bool | None:
        """The boolean at `path`, or None. `"true"` and `"false"` count: the engine lets
        providers convert them."""
        value = self.value(path)
        if value is None or isinstance(value, bool):
            return value
        if value in ("true", "false"):
            return value == "true"
        raise MalformedPropertyError(self.path(path), found=value, expected="a boolean")

    def number(self, path: str) -> float | None:
        """The number at `path`, or None. Google's provider declares some
        (`retentionPeriod`) as strings of digits."""
        value = self.value(path)
        if value is None or (
            isinstance(value, (int, float)) and not isinstance(value, bool)
        ):
            return value
        if isinstance(value, str) and re.fullmatch(r"\d{1,15}", value):
            return int(value)
        raise MalformedPropertyError(self.path(path), found=value, expected="a number")

    def texts(self, path: str) -> tuple[str, ...]:
        """The list of strings at `path`; empty when absent. A single string counts as a
        list of one, as in IAM."""
        value = self.value(path)
        texts = [value] if isinstance(value, str) else self._elements(path, value)
        for index, text in enumerate(texts):
            if not isinstance(text, str):
                raise MalformedPropertyError(
                    f"{self.path(path)}[{index}]", found=text, expected="a string"
                )
        return tuple(text for text in texts if isinstance(text, str))

    def texts_as_known(self, path: str) -> tuple[tuple[str, ...], str]:
        """`texts`, as far as they are known, and the path of the first that is not; ""
        where all are."""
        try:
            written = self.value(path)
        except NotYetKnownError as unknown:
            return (), unknown.path
        if not isinstance(written, Sequence) or isinstance(written, str):
            return self.texts(path), ""
        known = [text for text in written if text is not UNKNOWN]
        texts = Properties({path: known}, self._prefix).texts(path)
        hidden = (n for n, text in enumerate(written) if text is UNKNOWN)
        first = next(hidden, None)
        return texts, "" if first is None else f"{self.path(path)}[{first}]"

    def bag(self, path: str) -> "Properties":
        """The object at `path`; an empty one when absent."""
        value = self.value(path)
        if value is None:
            return Properties({}, self.path(path))
        if isinstance(value, Mapping):
            return Properties(value, self.path(path))
        raise MalformedPropertyError(self.path(path), found=value, expected="an object")

    def bags(self, path: str) -> tuple["Properties", ...]:
        """The list of objects at `path`; empty when absent."""
        bags = []
        for index, element in enumerate(self._elements(path, self.value(path))):
            where = f"{self.path(path)}[{index}]"
            if not isinstance(element, Mapping):
                raise MalformedPropertyError(where, found=element, expected="an object")
            bags.append(Properties(element, where))
        return tuple(bags)

    def entries(self, path: str) -> Mapping[str, object]:
        """The map at `path` (labels, tags) with its keys as they are, dots included;
        empty when absent."""
        return {
            key: self._known(value, f"{self.path(path)}[{key}]")
            for key, value in self.bag(path)._bag.items()
        }

    def _elements(self, path: str, value: object) -> Sequence[object]:
        """The elements of a list, each known."""
        if value is None:
            return ()
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise MalformedPropertyError(
                self.path(path), found=value, expected="a list"
            )
        return [
            self._known(element, f"{self.path(path)}[{index}]")
            for index, element in enumerate(value)
        ]

    @staticmethod
    def _known(value: object, path: str) -> object:
        """The value, unless the preview does not know it."""
        if value is UNKNOWN:
            raise NotYetKnownError(path)
        return value


@dataclass(frozen=True)
class Resource:
    """One resource as the engine registers it."""

    type: str
    """Type token without an API version, for instance
    `azure-native:storage:StorageAccount`."""
    name: str
    """Logical name, as written in the program."""
    urn: str
    """The engine's own name for it; holds the types of its component parents."""
    inputs: Mapping[str, object] = field(hash=False)
    """Its properties as the provider spells them."""
    provider: Mapping[str, object] = field(default_factory=dict, hash=False)
    """The properties of its provider (for instance `region`); empty when the engine
    does not say."""
    depends: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    """Property name → URNs of the resources whose outputs it was computed from; known
    in previews too."""

    @property
    def properties(self) -> Properties:
        """Its inputs, for reading."""
        return Properties(self.inputs)

    @property
    def parents(self) -> tuple[str, ...]:
        """Type tokens of its component parents, outermost first."""
        chain = self.urn.split("::", 3)
        return tuple(chain[2].split("$")[:-1]) if len(chain) == 4 else ()


def unversioned(token: str) -> str:
    """`token` without an azure-native API version."""
    return _VERSIONED_MODULE.sub("", _VERSIONED_PACKAGE.sub("azure-native", token))


def resource(
    token: str,
    name: str,
    inputs: Mapping[str, object],
    *,
    parent: str | None = None,
    depends: Mapping[str, tuple[str, ...]] | None = None,
    provider: Mapping[str, object] | None = None,
) -> Resource:
    """A resource with the URN that the engine would give it; `parent` is a component's
    type token. For examples."""
    return Resource(
        type=unversioned(token),
        name=name,
        urn=urn(token, name, parent=parent),
        inputs=inputs,
        provider=provider or {},
        depends=depends or {},
    )


def urn(token: str, name: str, *, parent: str | None = None) -> str:
    """The URN of a resource of the stack `example` of the project `trivium`."""
    return (
        f"urn:pulumi:example::trivium::{parent + '$' if parent else ''}{token}::{name}"
    )


@dataclass(frozen=True)
class Stack:
    """The resources that are judged together: a whole stack, or one resource alone."""

    resources: tuple[Resource, ...]
    """In the order of their registration."""

    def of_type(self, *types: str) -> Iterator[Resource]:
        """The resources of these types."""
        return (candidate for candidate in self.resources if candidate.type in types)

    def attached(
        self, target: Resource, property_: str, *types: str
    ) -> tuple[Resource, ...]:
        """The resources of these types whose `property_` names `target`.

        Both spell the same name under it (`bucket` of an S3 bucket and of its side
        resources); or, where one of the two names is not known yet or not given, the
        engine says that the property was computed from the target. Raises
        `NotYetKnownError` where it was computed from several of the target's type:
        which of them it names, only the value tells.
        """
        return tuple(
            r for r in self.of_type(*types) if self._names(r, property_, target)
        )

    def _names(self, candidate: Resource, property_: str, target: Resource) -> bool:
        """Whether the candidate's property names the target."""
        name, meant = candidate.inputs.get(property_), target.inputs.get(property_)
        if isinstance(name, str) and isinstance(meant, str):
            return name == meant
        grounds = candidate.depends.get(property_, ())
        if target.urn not in grounds:
            return False
        if any(
            other.urn in grounds and other.urn != target.urn
            for other in self.of_type(target.type)
        ):
            raise NotYetKnownError(f"{property_} of {candidate.name}")
        return True
