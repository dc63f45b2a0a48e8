"""The resource types of the five provider SDKs, read from the installed SDKs' own
source text.

A generated SDK states for every resource which inputs exist, what they are called on
the wire, their types, which are required, what comes out, and (in its documentation)
which values are possible and which change replaces the resource. That text is read
directly, one class at a time: importing the SDK for it costs up to four seconds and 165
megabytes for a single module (pulumi_gcp.compute), reading the few classes that a type
is made of costs milliseconds. A test holds what is read here against ``pulumi._types``
for a sample of types in each SDK.

Nested types are always looked up in the module's ``_inputs.py``. A resource whose
arguments would be shadowed by a nested type of the same name has its arguments in
``<Name>InitArgs``.
"""

import ast
import importlib.metadata
import importlib.util
import json
import re
import threading
from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Final

from trivium_rehearsal.types import (
    Anything,
    Enumeration,
    Field,
    FunctionType,
    ListOf,
    MapOf,
    ObjectType,
    OneOf,
    ResourceType,
    Scalar,
    Type,
)

__all__ = ["PACKAGES", "Package", "UnknownTypeError", "package", "resource_type"]

PACKAGES: Final[Mapping[str, str]] = {
    "aws": "pulumi_aws",
    "aws-native": "pulumi_aws_native",
    "gcp": "pulumi_gcp",
    "azure-native": "pulumi_azure_native",
    "azuread": "pulumi_azuread",
}
"""Pulumi package to the Python distribution that holds its SDK."""

_CLASS = re.compile(rb"^class (\w+)[(:]", re.MULTILINE)
# A property as the SDK generator writes it: getter, perhaps a deprecation, signature,
# documentation.
_PROPERTY = re.compile(
    r'    @pulumi\.getter(?:\(name="([^"]+)"\))?\n'
    r'(?:    @_utilities\.deprecated\(""".*?"""\)\n)?'
    r"    def (\w+)\(self\) -> (.+?):\n"
    r'(?:        """(.*?)""")?',
    re.DOTALL,
)
_PARAMETER = re.compile(
    r"^                 (\w+): .*?( = None)?(?:,|\):)$", re.MULTILINE
)
# What a function sends: `__args__['accountId'] = account_id`.
_ARGUMENT = re.compile(r"^    __args__\['(\w+)'\] = ", re.MULTILINE)
_MEMBER = re.compile(r'^    \w+ = "((?:[^"\\]|\\.)*)"$', re.MULTILINE)
_CODE = re.compile(r"`+\"?([^`\"\n]+)\"?`+")
# The sentence that Google's provider generator writes from the API's own enumeration.
_POSSIBLE = re.compile(
    r"Possible values(?: are)?: ((?:`[^`\n]+`(?:, | and |, and | or )?)+)\."
)
_EXCLUDES = re.compile(
    r"[Cc]onflicts with ((?:`\w+`(?:, and | and |, or | or |, )?)+)(?=[.);\n]|$)"
)
_REPLACES = re.compile(
    r"forces (?:a )?new resource|forces replacement|forces recreat|force a new|force"
    r" recreat"
    r"|changing this creates a new|changing this value will force|change forces",
    re.IGNORECASE,
)
# Google's generator begins the documentation of what only the cloud sets with
# "(Output)".
_FILLED = re.compile(
    r"^\s*\(Output\)|if\s+not\s+given,\s+one\s+will\s+be\s+generated"
    r"|if\s+empty,\s+the\s+address\s+will\s+be",
    re.IGNORECASE,
)
_REPLACE_ON_CHANGES = re.compile(r"ResourceOptions\(replace_on_changes=\[([^\]]*)\]\)")
_REGISTRATION = re.compile(r'resource_modules="""\n(.*?)\n"""', re.DOTALL)


class UnknownTypeError(LookupError):
    """No installed SDK has this resource type. The message names the type and the SDK
    version that was read."""


class _Module:
    """One folder of an SDK: where each of its nested classes stands, read class by
    class."""

    def __init__(self, package: "Package", folder: Path) -> None:
        self.package = package
        self.folder = folder
        self.module = ".".join(folder.relative_to(package.folder).parts)
        self._objects: dict[str, ObjectType] = {}
        self._enumerations: dict[str, tuple[str, ...] | None] = {}

    @cached_property
    def _places(self) -> Mapping[str, tuple[Path, int, int]]:
        places: dict[str, tuple[Path, int, int]] = {}
        for file in ("outputs.py", "_inputs.py"):
            prefix = "outputs." if file == "outputs.py" else ""
            for name, start, end in _classes(self.folder / file):
                places[prefix + name] = (self.folder / file, start, end)
        return places

    @cached_property
    def _enumeration_places(self) -> Mapping[str, tuple[Path, int, int]]:
        file = self.folder / "_enums.py"
        return {name: (file, start, end) for name, start, end in _classes(file)}

    def fields(self, text: str) -> dict[str, Field]:
        """Wire name to field, from a class's source text."""
        return _fields(self, text)

    def class_text(self, name: str) -> str:
        return _slice(*self._places[name])

    def named(self, name: str) -> Type:
        """The nested type or enumeration called `name` in an annotation."""
        if name.startswith("_root_inputs."):
            return self.package.module(self.package.folder).named(
                name.removeprefix("_root_inputs.")
            )
        if name.startswith("_root_outputs."):
            return self.package.module(self.package.folder).named(
                name.replace("_root_outputs.", "outputs.", 1)
            )
        if name.startswith("_") and "." in name:
            folder, _, rest = name[1:].partition(".")
            return self.package.module(self.package.folder / folder).named(rest)
        if name in self._places:
            if name not in self._objects:
                self._objects[name] = ObjectType(self, name)
            return self._objects[name]
        if name in self._enumeration_places:
            if name not in self._enumerations:
                text = _slice(*self._enumeration_places[name])
                self._enumerations[name] = tuple(_MEMBER.findall(text))
            return Enumeration(name, self._enumerations[name] or (), open=False)
        return Anything()


def _classes(file: Path) -> list[tuple[str, int, int]]:
    if not file.is_file():
        return []
    text = file.read_bytes()
    found = [
        (match.group(1).decode(), match.start()) for match in _CLASS.finditer(text)
    ]
    ends = [start for _, start in found[1:]] + [len(text)]
    return [(name, start, end) for (name, start), end in zip(found, ends, strict=True)]


def _slice(file: Path, start: int, end: int) -> str:
    with file.open("rb") as stream:
        stream.seek(start)
        return stream.read(end - start).decode()


def _fields(source: _Module, text: str) -> dict[str, Field]:
    parameters = text[: text.find("):\n") + 3]
    required = {
        name for name, optional in _PARAMETER.findall(parameters) if not optional
    }
    fields: dict[str, Field] = {}
    for wire, python_name, annotation, documentation in _PROPERTY.findall(text):
        name = wire or python_name
        fields[name] = _field(
            source,
            name,
            python_name,
            annotation,
            documentation,
            python_name in required,
        )
    return fields


def _field(
    source: _Module,
    name: str,
    python_name: str,
    annotation: str,
    documentation: str,
    required: bool,
) -> Field:
    possible = _POSSIBLE.search(documentation)
    return Field(
        name,
        python_name,
        _type(source, _parsed(annotation)),
        required,
        frozenset(_CODE.findall(documentation)),
        tuple(_CODE.findall(possible.group(1))) if possible else (),
        tuple(
            other
            for names in _EXCLUDES.findall(documentation)
            for other in _CODE.findall(names)
        ),
        bool(_REPLACES.search(documentation)),
        bool(_FILLED.search(documentation)),
    )


_WRAPPERS: Final = frozenset(
    {"Input", "Output", "Optional", "NotRequired", "InputType"}
)
_BUILTINS: Final[Mapping[str, Type]] = {
    "str": Scalar("string"),
    "bool": Scalar("boolean"),
    "int": Scalar("integer"),
    "float": Scalar("number"),
    "Asset": Scalar("asset"),
    "Archive": Scalar("archive"),
}


_PARSING = threading.Lock()


def _parsed(annotation: str) -> ast.expr:
    """The annotation's tree, one thread at a time.

    CPython 3.11 counts the depth of all threads' trees in one place, and raises
    SystemError ("AST constructor recursion depth mismatch") when two are made at once
    (python/cpython#106905).
    """
    with _PARSING:
        return ast.parse(annotation, mode="eval").body


def _type(source: _Module, node: ast.expr) -> Type:
    """The type that an annotation means, free of the wrappers that every property
    has."""
    if isinstance(node, ast.Subscript):
        outer, inner = _name(node.value), node.slice
        if outer in _WRAPPERS:
            return _type(source, inner)
        if outer in ("Sequence", "List"):
            return ListOf(_type(source, inner))
        if outer == "Mapping" and isinstance(inner, ast.Tuple):
            return MapOf(_type(source, inner.elts[1]))
        if outer == "Union" and isinstance(inner, ast.Tuple):
            return _union(source, inner.elts)
        return Anything()
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return source.named(node.value)
    return _BUILTINS.get(_name(node), Anything())


def _name(node: ast.expr) -> str:
    return (
        node.attr
        if isinstance(node, ast.Attribute)
        else node.id
        if isinstance(node, ast.Name)
        else ""
    )


def _union(source: _Module, members: list[ast.expr]) -> Type:
    # `FooArgsDict` is the typed dictionary of `FooArgs`, and `outputs.Foo` its read
    # form: the same thing.
    written = [
        member
        for member in members
        if not (
            isinstance(member, ast.Constant)
            and isinstance(member.value, str)
            and (
                member.value.endswith("ArgsDict")
                or (member.value.startswith("outputs.") and len(members) > 1)
            )
        )
    ]
    options = tuple(dict.fromkeys(_type(source, member) for member in written))
    if len(options) == 2 and Scalar("string") in options:
        other = options[1] if options[0] == Scalar("string") else options[0]
        if isinstance(other, Enumeration):
            return Enumeration(other.name, other.values, open=True)
    return (
        options[0] if len(options) == 1 else OneOf(options) if options else Anything()
    )


class Package:
    """One installed SDK."""

    def __init__(self, name: str) -> None:
        self.name = name
        distribution = PACKAGES[name]
        self.version = importlib.metadata.version(distribution)
        spec = importlib.util.find_spec(distribution)
        if (
            spec is None or not spec.submodule_search_locations
        ):  # pragma: no cover - metadata without code
            raise UnknownTypeError(
                f"The SDK {distribution} {self.version} has no code; reinstall it."
            )
        self.folder = Path(next(iter(spec.submodule_search_locations)))
        self._modules: dict[Path, _Module] = {}
        self._types: dict[str, ResourceType] = {}

    @cached_property
    def classes(self) -> Mapping[str, tuple[str, str]]:
        """Every resource type token to (module in the SDK, class name)."""
        found = _REGISTRATION.search((self.folder / "__init__.py").read_text())
        modules = json.loads(found.group(1)) if found else []
        distribution = PACKAGES[self.name]
        return {
            token: (each["fqn"].removeprefix(distribution).lstrip("."), class_name)
            for each in modules
            for token, class_name in each["classes"].items()
        }

    def module(self, folder: Path) -> _Module:
        if folder not in self._modules:
            self._modules[folder] = _Module(self, folder)
        return self._modules[folder]

    def resource_type(self, token: str) -> ResourceType:
        """The resource type `token`. Raises `UnknownTypeError` when the SDK has none of
        that name."""
        if token not in self._types:
            self._types[token] = self._read(token)
        return self._types[token]

    def function(self, token: str) -> FunctionType | None:
        """The function `token`, for instance ``aws:ec2/getSubnet:getSubnet``; None when
        the SDK has none of that name."""
        _, module, name = token.split(":")
        module = module.partition("/")[0].replace("index", "")
        folder = self.folder / module if module else self.folder
        file = folder / f"{_snake(name)}.py"
        if not file.is_file():
            return None
        texts = _class_texts(file)
        result = next((each for each in texts if each.endswith("Result")), None)
        if result is None:
            return None
        outputs = _fields(self.module(folder), texts[result])
        arguments = dict.fromkeys(_ARGUMENT.findall(file.read_text()))
        return FunctionType(tuple(arguments), outputs)

    @cached_property
    def provider_inputs(self) -> ObjectType:
        """The provider's own configuration keys."""
        classes = _class_texts(self.folder / "provider.py")
        return ObjectType(
            self.module(self.folder), "ProviderArgs", classes["ProviderArgs"]
        )

    def _read(self, token: str) -> ResourceType:
        if token not in self.classes:
            raise UnknownTypeError(
                f"{token} is not a resource type of {PACKAGES[self.name]}"
                f" {self.version}; nothing can be checked. Use a type of the installed"
                " SDK, or install the SDK version that has it."
            )
        module_name, class_name = self.classes[token]
        folder = (
            self.folder.joinpath(*module_name.split("."))
            if module_name
            else self.folder
        )
        file = _defining_file(folder, class_name)
        module, texts = self.module(folder), _class_texts(file)
        arguments = (
            f"{class_name}InitArgs"
            if f"{class_name}InitArgs" in texts
            else f"{class_name}Args"
        )
        text = texts[class_name]
        replacing = _REPLACE_ON_CHANGES.search(text)
        return ResourceType(
            token,
            self.name,
            module_name,
            class_name,
            ObjectType(module, arguments, texts.get(arguments, "")),
            _outputs(module, text),
            (
                frozenset(re.findall(r'"([^"]+)"', replacing.group(1)))
                if replacing
                else frozenset()
            ),
            file,
        )


def _outputs(module: _Module, text: str) -> dict[str, Field]:
    outputs: dict[str, Field] = {}
    for wire, python_name, annotation, documentation in _PROPERTY.findall(text):
        name = wire or python_name
        promised = not annotation.startswith("pulumi.Output[Optional[")
        outputs[name] = _field(
            module, name, python_name, annotation, documentation, promised
        )
    return outputs


def _class_texts(file: Path) -> dict[str, str]:
    text = file.read_bytes()
    return {name: text[start:end].decode() for name, start, end in _classes(file)}


def _snake(name: str) -> str:
    """`getKMSCryptoKey` as the SDKs name a file: `get_kms_crypto_key`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _defining_file(folder: Path, class_name: str) -> Path:
    """The file of `folder` that defines the resource class: nearly always its name in
    snake case."""
    head = f"class {class_name}(pulumi.CustomResource):"
    guess = folder / f"{_snake(class_name)}.py"
    if guess.is_file() and head in guess.read_text():
        return guess
    for file in sorted(folder.glob("*.py")):
        if head in file.read_text():
            return file
    raise UnknownTypeError(
        f"{class_name} is registered by the SDK but defined in no file; reinstall the"
        " SDK."
    )


@cache
def package(name: str) -> Package:
    """The installed SDK of the Pulumi package `name` (a key of `PACKAGES`)."""
    return Package(name)


def resource_type(token: str) -> ResourceType:
    """The resource type `token`, for instance
    ``aws:s3/bucket:Bucket``. Raises `UnknownTypeError`."""
    name = token.partition(":")[0]
    if name not in PACKAGES:
        known = ", ".join(PACKAGES)
        raise UnknownTypeError(
            f"{token}: there is no stand-in for the package {name}; there is one for"
            f" {known}."
        )
    return package(name).resource_type(token)
