"""Layers of a constitution: read, checked against the layers before them, and digested
into a chain.

The law of this file: anything that cannot be read in full is refused. Unknown fields,
duplicate keys, aliases, an empty layer, a wrong digest, layers out of order and a
restated provision that weakens its original are all errors.

Digests: a layer's is the SHA-256 of the canonical JSON (RFC 8785) of what its file
states; the chain's is `SHA-256(canonical({"layer": digest, "parent": chain so far}))`,
layer by layer, starting from the empty string.
"""

import difflib
import re
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec
import yaml

from trivium.constitution import condition
from trivium.constitution.provision import (
    AUTHORITIES,
    Authority,
    Bound,
    Case,
    Citation,
    Provision,
    StatedLayer,
    StatedProvision,
    Tests,
    effective,
    problems,
    weakenings,
)
from trivium.errors import ConstitutionError
from trivium.vocabulary import envelope
from trivium.vocabulary.deployment import ConstitutionRef
from trivium.vocabulary.deployment import Layer as LayerRef

MAX_LAYER_BYTES = 1 << 20
"""A layer's file is prose written by people; a mebibyte is far beyond any, and bounds
what parsing can cost."""
MAX_DEPTH = 32
"""Nesting of a layer's file; the schema itself needs seven, the rest is for requests in
tests."""

_BaseLoader: Any = getattr(
    yaml, "CSafeLoader", yaml.SafeLoader
)  # Any: types-pyyaml does not know the C loader


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """One layer, with its provisions as they hold after inheritance."""

    name: str
    authority: Authority
    title: str
    provisions: tuple[Provision, ...]
    admits: tuple[str, ...] | None
    """Media types that may pass unread, as far as this layer is asked; None where it
    does not say."""
    digest: str
    """`sha256:` over what the layer's file states."""
    source: str
    """`pack:NAME` or `path:FILE`."""
    document: bytes
    """What the layer's file states, as canonical JSON."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Constitution:
    """Layers, strongest authority first, and the digest of their chain."""

    layers: tuple[Layer, ...]
    digest: str

    @property
    def admits(self) -> dict[str, str]:
        """Media type of content that may pass unread → the layers that admit it.

        The intersection over the layers that state a list: a later layer can only
        narrow what an earlier one stated.
        """
        stated = [layer for layer in self.layers if layer.admits is not None]
        kinds = [set(layer.admits or ()) for layer in stated]
        names = ", ".join(layer.name for layer in stated)
        admitted = set.intersection(*kinds) if kinds else set()
        return dict.fromkeys(sorted(admitted), names)

    @property
    def provisions(self) -> tuple[tuple[Layer, Provision], ...]:
        """Every provision with its layer, in the order of the files."""
        return tuple(
            (layer, provision)
            for layer in self.layers
            for provision in layer.provisions
        )


def load_layers(refs: ConstitutionRef, *, base: Path | None) -> Constitution:
    """The constitution that `refs` names, complete and checked.

    `base` is the folder beside which `path:` layers lie; None when the descriptor has
    no folder. Digests in `refs` are pins: where given, they must fit. Raises
    `ConstitutionError` naming the layer, the provision and the reason.
    """
    return _assembled(
        [(ref, _bytes_of(ref, base)) for ref in refs.layers], pinned=refs.digest
    )


def resolve(refs: ConstitutionRef, *, base: Path | None) -> ConstitutionRef:
    """`refs` with every digest filled in, as it is signed into a descriptor. Pins that
    do not fit are refused."""
    constitution = load_layers(refs, base=base)
    layers = tuple(
        LayerRef(source=layer.source, digest=layer.digest)
        for layer in constitution.layers
    )
    return ConstitutionRef(layers=layers, digest=constitution.digest)


def compose(*documents: bytes) -> Constitution:
    """A constitution from the layers' YAML itself, strongest authority first: for
    tests, tools and dry runs."""
    refs = [
        LayerRef(source=f"path:document-{number}")
        for number in range(1, len(documents) + 1)
    ]
    return _assembled(list(zip(refs, documents, strict=True)), pinned="")


def parse(document: bytes, *, source: str) -> StatedLayer:
    """One layer as its file states it. Raises `ConstitutionError` with the place and
    the remedy."""
    if len(document) > MAX_LAYER_BYTES:
        raise ConstitutionError(
            f"Layer `{source}` is too large; at most {MAX_LAYER_BYTES} bytes are read."
        )
    try:
        _check_plain(document)
        plain = yaml.load(document, _StrictLoader)  # noqa: S506
    except (yaml.YAMLError, RecursionError, UnicodeDecodeError, ValueError) as error:
        raise ConstitutionError(
            f"Layer `{source}` is not readable YAML: {_one_line(error)}."
        ) from error
    if not isinstance(plain, dict):
        found = "empty" if plain is None else f"a {type(plain).__name__}"
        raise ConstitutionError(
            f"Layer `{source}` is {found}, expected `layer`, `authority`, `title`,"
            " `provisions`."
        )
    try:
        return msgspec.convert(plain, StatedLayer)
    except msgspec.ValidationError as error:
        raise ConstitutionError(
            f"Layer `{source}` cannot be used:"
            f" {_one_line(error)}{_suggestion(str(error))}.",
            next_step="Compare it with docs/constitution.md.",
        ) from error


def packs() -> tuple[str, ...]:
    """The names of the packs that ship with Trivium, sorted."""
    folder = resources.files("trivium.constitution").joinpath("packs")
    return tuple(
        sorted(
            entry.name.removesuffix(".yaml")
            for entry in folder.iterdir()
            if entry.name.endswith(".yaml")
        )
    )


def _assembled(documents: list[tuple[LayerRef, bytes]], *, pinned: str) -> Constitution:
    """The constitution of these layers, checked from the first to the last."""
    if not documents:
        raise ConstitutionError(
            "The constitution has no layers; without one nothing may be asked."
        )
    inherited: dict[str, Provision] = {}
    layers: list[Layer] = []
    chain = ""
    for ref, document in documents:
        layer = _layer(ref, parse(document, source=ref.source), inherited)
        _check_order(layers, layer)
        layers.append(layer)
        inherited.update({provision.id: provision for provision in layer.provisions})
        chain = envelope.digest(
            envelope.canonical({"layer": layer.digest, "parent": chain})
        )
    if pinned and pinned != chain:
        raise ConstitutionError(
            f"The constitution's digest is {chain}, but the deployment descriptor was"
            f" signed for {pinned}.",
            next_step=(
                "Restore the layers that were signed, or have the platform team sign"
                " the descriptor again."
            ),
        )
    return Constitution(layers=tuple(layers), digest=chain)


def _layer(
    ref: LayerRef, stated: StatedLayer, inherited: dict[str, Provision]
) -> Layer:
    """A layer, with its provisions after inheritance."""
    try:
        document = envelope.canonical(stated)
    except ValueError as error:  # numbers that JSON cannot carry exactly
        raise ConstitutionError(
            f"Layer `{ref.source}` has no canonical form: {_one_line(error)}."
        ) from error
    digest = envelope.digest(document)
    if ref.digest and ref.digest != digest:
        raise ConstitutionError(
            f"Layer `{ref.source}` has digest {digest}, but the deployment descriptor"
            f" was signed for {ref.digest}.",
            next_step=(
                "Restore the file that was signed, or have the platform team sign the"
                " descriptor again."
            ),
        )
    ids = [provision.id for provision in stated.provisions]
    repeated = sorted({name for name in ids if ids.count(name) > 1})
    if repeated:
        raise ConstitutionError(
            f"Layer `{ref.source}` states provision `{repeated[0]}` more than once."
        )
    return Layer(
        name=stated.layer,
        authority=stated.authority,
        title=stated.title,
        provisions=tuple(
            _provision(ref.source, one, inherited.get(one.id))
            for one in stated.provisions
        ),
        admits=stated.admits,
        digest=digest,
        source=ref.source,
        document=document,
    )


def _provision(
    source: str, stated: StatedProvision, parent: Provision | None
) -> Provision:
    """A provision after inheritance; raises where it cannot stand or weakens one."""
    found = problems(stated, parent)
    if found:
        raise ConstitutionError(
            f"Layer `{source}`, provision `{stated.id}`: {'; '.join(found)}."
        )
    provision = effective(stated, parent)
    if provision.condition is not None:
        try:
            condition.check(provision.condition, provision.stages)
        except condition.ConditionError as error:
            raise ConstitutionError(
                f"Layer `{source}`, provision `{stated.id}`, condition: {error}"
            ) from error
    weaker = weakenings(provision, parent, stated) if parent else ()
    if weaker:
        raise ConstitutionError(
            f"Layer `{source}` weakens provision `{stated.id}` of an earlier layer:"
            f" {'; '.join(weaker)}.",
            next_step=(
                "A layer can only tighten: remove the field to inherit it, or make it"
                " stricter."
            ),
        )
    return provision


def _check_order(before: list[Layer], layer: Layer) -> None:
    """Raise for a name that another layer has, or an authority above the last."""
    if any(other.name == layer.name for other in before):
        raise ConstitutionError(
            f"Two layers are named `{layer.name}`; findings could not be told apart."
        )
    if before and AUTHORITIES.index(layer.authority) < AUTHORITIES.index(
        before[-1].authority
    ):
        raise ConstitutionError(
            f"Layer `{layer.name}` ({layer.authority}) stands after `{before[-1].name}`"
            f" ({before[-1].authority}); layers are listed strongest authority first:"
            f" {', '.join(AUTHORITIES)}."
        )


def _bytes_of(ref: LayerRef, base: Path | None) -> bytes:
    """What the layer's file or pack holds."""
    kind, _, name = ref.source.partition(":")
    if kind == "pack":
        if name not in packs():
            hint = _did_you_mean(name, packs())
            raise ConstitutionError(
                f"There is no pack `{name}`{hint}; packs are {', '.join(packs())}."
            )
        return (
            resources.files("trivium.constitution")
            .joinpath("packs", f"{name}.yaml")
            .read_bytes()
        )
    if base is None:
        raise ConstitutionError(
            f"Layer `{ref.source}` lies beside the deployment descriptor, but the"
            " descriptor has no folder.",
            next_step="Load the descriptor from a file, or use packs alone.",
        )
    try:
        with (base / name).open("rb") as file:
            return file.read(
                MAX_LAYER_BYTES + 1
            )  # `parse` refuses it then, whatever else a link may lead to
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConstitutionError(
            f"Layer `{ref.source}` cannot be read: {reason}; without it nothing may be"
            " asked.",
            next_step="Put the file beside the deployment descriptor.",
        ) from error


def _check_plain(document: bytes) -> None:
    """Refuse aliases (they can grow without end) and deep nesting, before anything is
    built."""
    depth = 0
    for event in yaml.parse(document, Loader=_BaseLoader):
        if isinstance(event, yaml.AliasEvent):
            raise yaml.YAMLError(f"aliases are not allowed{_line(event)}")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(
            event, yaml.CollectionEndEvent
        )
        if depth > MAX_DEPTH:
            raise yaml.YAMLError(f"nested deeper than {MAX_DEPTH}{_line(event)}")


def _line(event: yaml.Event) -> str:
    return f" (line {event.start_mark.line + 1})" if event.start_mark else ""


class _StrictLoader(_BaseLoader):  # type: ignore[misc]  # the C loader is untyped
    """YAML without duplicate keys: the second would silently win."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:  # noqa: ARG002
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(
                    None, None, "a key is not a text", key.start_mark
                )
            if key.tag == "tag:yaml.org,2002:merge":
                raise yaml.constructor.ConstructorError(
                    None, None, "merge keys are not allowed", key.start_mark
                )
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key `{key.value}` repeats", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep=True)


_FIELDS = tuple(
    field
    for record in (StatedLayer, StatedProvision, Case, Tests, Citation, Bound)
    for field in record.__struct_fields__
)


def _suggestion(message: str) -> str:
    """ "Did you mean" for a key that does not exist."""
    unknown = re.search(r"unknown field `([^`]*)`", message)
    return _did_you_mean(unknown[1], _FIELDS) if unknown else ""


def _did_you_mean(word: str, choices: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(word, choices, n=1)
    return f" (did you mean `{near[0]}`?)" if near else ""


def _one_line(error: Exception) -> str:
    """An error's text without its line breaks."""
    return " ".join(str(error).split()).rstrip(".")


__all__ = [
    "AUTHORITIES",
    "Constitution",
    "Layer",
    "compose",
    "load_layers",
    "packs",
    "parse",
    "resolve",
]
