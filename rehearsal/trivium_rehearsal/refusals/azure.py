"""What Azure refuses of one resource's inputs and its API description does not say."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from trivium_rehearsal.place import Place
from trivium_rehearsal.refusals.model import Refused, Values, items
from trivium_rehearsal.wire import Path, at

_AI_ACCOUNT: Final = re.compile(
    r"/providers/Microsoft\.CognitiveServices/accounts/[^/]+/?$", re.IGNORECASE
)
_CONNECTIONS: Final = (
    "privateLinkServiceConnections",
    "manualPrivateLinkServiceConnections",
)


def _global_zone(inputs: Values, _: Place) -> Iterator[Refused]:
    """Source: Azure DNS, REST reference of zones and links: their location is global.
    Resource Manager answers a Region with LocationNotAvailableForResourceType."""
    location = inputs.get("location")
    if isinstance(location, str) and location.lower() != "global":
        yield Refused(
            ("location",),
            'found {found}, Azure allows "global" for DNS (Azure DNS, REST reference);'
            " it would answer LocationNotAvailableForResourceType. Set global",
        )


def _endpoint(inputs: Values, _: Place) -> Iterator[Refused]:
    """Source: Azure Private Link, "Private-link resource": an account of
    Microsoft.CognitiveServices, of whatever kind, has the one subresource `account`."""
    for name in _CONNECTIONS:
        path: Path = (name,)
        for place, each in items(at(inputs, path), path):
            owner = at(each, ("privateLinkServiceId",))
            if not (isinstance(owner, str) and _AI_ACCOUNT.search(owner)):
                continue
            groups: Path = (*place, "groupIds")
            for where, group in items(at(each, ("groupIds",)), groups):
                if isinstance(group, str) and group.lower() != "account":
                    yield Refused(
                        where,
                        'found {found}, Azure allows "account" for an account of'
                        " Microsoft.CognitiveServices (Azure Private Link, private-link"
                        " resource); the endpoint would not be made. Set account: it"
                        " serves the names of OpenAI and of Foundry as well",
                    )


def _deployment(inputs: Values, _: Place) -> Iterator[Refused]:
    """Source: Azure-Samples/claude, whose attestation fields say "lowercase only"; the
    generic resource is how a Claude deployment is made."""
    namespace = str(inputs.get("resourceProviderNamespace")).lower()
    is_deployment = str(inputs.get("resourceType")).lower().endswith("deployments")
    if namespace != "microsoft.cognitiveservices" or not is_deployment:
        return
    path: Path = ("properties", "modelProviderData", "industry")
    industry = at(inputs, path)
    if isinstance(industry, str) and industry != industry.lower():
        yield Refused(
            path,
            "found {found}, Azure allows a word in lower case, such as finance"
            " (Azure-Samples/claude); the deployment would not be made. Write it in"
            " lower case",
        )


Rule = Callable[[Values, Place], Iterator[Refused]]

RULES: Final[Mapping[str, Rule]] = {
    "azure-native:privatedns:PrivateZone": _global_zone,
    "azure-native:privatedns:VirtualNetworkLink": _global_zone,
    "azure-native:dns:Zone": _global_zone,
    "azure-native:network:PrivateEndpoint": _endpoint,
    "azure-native:resources:Resource": _deployment,
}
"""Type token to what is refused of its inputs."""
