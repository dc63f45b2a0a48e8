"""What a made-up value may depend on, and the forms that the clouds share."""

import base64
import hashlib
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from trivium_rehearsal.names import name_property
from trivium_rehearsal.place import Place
from trivium_rehearsal.types import ResourceType


@dataclass(frozen=True, slots=True)
class Maker:
    """All that a made-up value may depend on."""

    type: ResourceType
    inputs: Mapping[str, Any]
    place: Place
    seed: str
    name: str
    known_id: str = ""
    """The resource's id, once there is one; an id that a program names itself is taken
    as it is."""

    def hex(self, what: str, length: int) -> str:
        return hashlib.sha256(f"{self.seed}/{what}".encode()).hexdigest()[:length]

    def digits(self, what: str, length: int) -> str:
        """A number of `length` digits."""
        first = 10 ** (length - 1)
        return str(first + int(self.hex(what, 40), 16) % (9 * first))

    def octet(self, what: str) -> int:
        """The last part of an address: neither the network's own nor its broadcast."""
        return int(self.hex(what, 4), 16) % 254 + 1

    def uuid(self, what: str) -> str:
        return str(uuid.UUID(self.hex(what, 32), version=4))

    def letters(self, what: str, length: int) -> str:
        """Capital letters and digits, as AWS's unique identifiers have them."""
        return base64.b32encode(self.hex(what, 64).encode()).decode()[:length]


_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Parts(dict[str, str]):
    """Template parts; a part that the inputs lack reads as the resource's own name."""

    def __init__(self, maker: Maker, more: Mapping[str, str]) -> None:
        strings = {
            name: value
            for name, value in maker.inputs.items()
            if isinstance(value, str)
        }
        place = maker.place
        region = strings.get("region", place.region)
        super().__init__(
            {
                "path": "/",
                **strings,
                "name": maker.name,
                "partition": place.partition,
                "account": place.account,
                "region": region,
                "project": strings.get("project", place.project),
                "uuid": (
                    maker.known_id
                    if _UUID.fullmatch(maker.known_id)
                    else maker.uuid("id")
                ),
                "dist": "E" + maker.letters("dist", 13),
                "guardrail": base36(maker.hex("short", 40), 12),
                "guardrail10": base36(maker.hex("short", 40), 10),
                "guardrail12": base36(maker.hex("short", 40), 12),
                "revision": str(int(maker.hex("revision", 4), 16) % 900 + 1),
                "letters16": maker.letters("unique", 16),
                "letters17": maker.letters("unique", 17),
                "digits9": maker.digits("digits", 9),
                "octet": str(maker.octet("octet")),
                "hex16b": maker.hex("second", 16),
                **{
                    f"hex{size}": maker.hex("id", size)
                    for size in (6, 8, 10, 13, 16, 17, 32, 40)
                },
                **more,
            }
        )
        self._name = maker.name

    def __missing__(self, key: str) -> str:
        return self._name


def base36(digest: str, length: int) -> str:
    number, text = int(digest, 16), ""
    while len(text) < length:
        number, rest = divmod(number, 36)
        text += "0123456789abcdefghijklmnopqrstuvwxyz"[rest]
    return text


def own_or_first(maker: Maker) -> str:
    """A resource with a name is called by it; a resource that belongs to others, by
    what it joins."""
    own = name_property(maker.type)
    if own is not None and isinstance(
        maker.inputs.get(own) or maker.inputs.get(f"{own}Prefix"), str
    ):
        return maker.name
    joined = [
        maker.inputs[name]
        for name in maker.type.inputs.required
        if isinstance(maker.inputs.get(name), str)
    ]
    return ":".join(joined)[:200] if joined else f"{maker.name}-{maker.hex('id', 8)}"


def plural(class_name: str) -> str:
    """`urlMaps` for URLMap, `managementPolicies` for ManagementPolicy, `indexes` for
    Index."""
    head = re.match(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]+$|[A-Z]", class_name)
    camel = (
        class_name[: head.end()].lower() + class_name[head.end() :]
        if head
        else class_name
    )
    if re.search(r"[^aeiou]y$", camel):
        return camel[:-1] + "ies"
    if camel.endswith("ies"):
        return camel
    return camel + ("es" if re.search(r"(s|x|ch|sh)$", camel) else "s")
