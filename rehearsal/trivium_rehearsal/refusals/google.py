"""What Google Cloud refuses of one resource's inputs and no published model states.

VPC Service Controls. Members of a perimeter: the error of
``accessPolicies.servicePerimeters`` ("Invalid perimeter member … Must be of the form
'projects/[1-9][0-9]{0,18}'", terraform-google-vpc-service-controls#116) and the API's
reference of ``ServicePerimeterConfig.resources``, which adds folders and VPC networks.
Services: a perimeter restricts services by name; that all of them might be meant by a
wildcard is a wish (hashicorp/terraform-provider-google#6680). Rules of ingress and
egress do take `*`, and are not judged here.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from trivium_rehearsal.place import Place
from trivium_rehearsal.refusals.model import Refused, Values, items
from trivium_rehearsal.wire import Path, at

_MEMBER: Final = re.compile(
    r"projects/[1-9][0-9]{0,18}|folders/[1-9][0-9]*"
    r"|//compute\.googleapis\.com/projects/[^/]+/global/networks/[^/]+"
)
_SERVICES: Final[tuple[Path, ...]] = (
    ("restrictedServices",),
    ("vpcAccessibleServices", "allowedServices"),
)
_MODES: Final = ("status", "spec")
"""The perimeter that is enforced, and the one that is tried."""


def _perimeter(values: Values, _: Place, base: Path = ()) -> Iterator[Refused]:
    for mode in _MODES:
        path: Path = (mode, "resources")
        for place, member in items(at(values, path), (*base, *path)):
            yield from _member(member, place)
        for services in _SERVICES:
            path = (mode, *services)
            for place, service in items(at(values, path), (*base, *path)):
                if service == "*":
                    yield Refused(
                        place,
                        "found {found}, Google Cloud allows services by name, such as"
                        " aiplatform.googleapis.com (VPC Service Controls); the"
                        " perimeter would not be made. Name each service",
                    )


def _perimeters(inputs: Values, place: Place) -> Iterator[Refused]:
    path: Path = ("servicePerimeters",)
    for base, each in items(at(inputs, path), path):
        if isinstance(each, dict):
            yield from _perimeter(each, place, base)


def _joined(inputs: Values, _: Place) -> Iterator[Refused]:
    yield from _member(inputs.get("resource"), ("resource",))


def _member(member: Any, path: Path) -> Iterator[Refused]:
    if isinstance(member, str) and not _MEMBER.fullmatch(member):
        yield Refused(
            path,
            "found {found}, Google Cloud allows projects/NUMBER, folders/NUMBER or"
            " //compute.googleapis.com/projects/ID/global/networks/NAME"
            " (ServicePerimeterConfig.resources); the perimeter would not be made."
            " Give the project's number, not its id",
        )


Rule = Callable[[Values, Place], Iterator[Refused]]

_MODULE: Final = "gcp:accesscontextmanager"
RULES: Final[Mapping[str, Rule]] = {
    f"{_MODULE}/servicePerimeter:ServicePerimeter": _perimeter,
    f"{_MODULE}/servicePerimeters:ServicePerimeters": _perimeters,
    f"{_MODULE}/servicePerimeterResource:ServicePerimeterResource": _joined,
    f"{_MODULE}/servicePerimeterDryRunResource:ServicePerimeterDryRunResource": _joined,
}
"""Type token to what is refused of its inputs."""
