"""Values whose form is stated in words alone, so that no published model has it:
networks, and Google's IAM.

AWS: the provider's own validators want a network's first address, of the family that
the property is for (terraform-provider-aws, ``verify.ValidIPv4CIDRNetworkAddress``,
read 2026-11). EC2 itself would correct it, and so aws-native's inputs are not held to
it. Azure refuses what is no network ("InvalidAddressPrefixFormat") and one whose
address has bits beyond its prefix ("InvalidCIDRNotation"). Google's provider asks for a
network in CIDR notation (terraform-provider-google, ``verify.ValidateIpCidrRange``).
Google's IAM names the kinds of members in the reference of ``Policy.Binding``, and
refuses a role that has none of three forms; its provider refuses deleted members.
"""

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from ipaddress import ip_interface
from typing import Final, NamedTuple

__all__ = ["Wrong", "google_member", "google_role", "wrong_form"]

_MEMBERS: Final = (
    "user:",
    "serviceAccount:",
    "group:",
    "domain:",
    "principal:",
    "principalSet:",
    "projectOwner:",
    "projectEditor:",
    "projectViewer:",
    "iamMember:",  # a BigQuery dataset's word for any other
)
_EVERYBODY: Final = (
    "allUsers",
    "allAuthenticatedUsers",
    "projectOwners",
    "projectReaders",
    "projectWriters",
)
_ROLE: Final = re.compile(r"((organizations|projects)/[^/]+/)?roles/[A-Za-z0-9_.]+")
_PREDEFINED: Final = re.compile(r"[a-z]+\.[A-Za-z.]+")


class Wrong(NamedTuple):
    """A value that has not its form."""

    allowed: str
    """What is allowed, in words, and by whose word."""
    near: str | None = None
    """The value that was probably meant. It repeats the one that was found."""


Form = Callable[[str], Wrong | None]


def wrong_form(token: str, name: str, value: str) -> Wrong | None:
    """What is wrong with the form of `value`, for the property `name` anywhere in a
    resource of the type `token`.

    None where nothing is, or where no form is known.
    """
    owners, form = _FORMS.get(name, (None, None))
    return form(value) if owners and form and owners.match(token) else None


def _network(version: int | None, *, first: bool, source: str) -> Form:
    family = f"an IPv{version} network" if version else "a network"

    def judge(value: str) -> Wrong | None:
        try:
            found = ip_interface(value) if value.partition("/")[2].isdecimal() else None
        except ValueError:
            found = None
        if found is None or version not in (None, found.version):
            example = "2001:db8::/64" if version == 6 else "10.0.0.0/24"
            return Wrong(f"{family} in CIDR notation, such as {example} ({source})")
        if first and found.ip != found.network.network_address:
            return Wrong(
                f"a network by its first address ({source})", near=str(found.network)
            )
        return None

    return judge


def google_member(value: str) -> Wrong | None:
    """A member of a binding. Source: Google IAM, REST reference of
    ``Policy.Binding.members``."""
    if value.startswith("deleted:"):
        return Wrong(
            "a member that exists; a deleted one is given no role (the provider's"
            " validator)"
        )
    if value in _EVERYBODY or any(
        value.startswith(kind) and value != kind for kind in _MEMBERS
    ):
        return None
    kind, colon, name = value.partition(":")
    kinds = (
        get_close_matches(f"{kind}:", _MEMBERS, n=1, cutoff=0.7)
        if colon and name
        else []
    )
    if not colon and "@" in value:
        kinds, name = (
            ["serviceAccount:" if value.endswith(".gserviceaccount.com") else "user:"],
            value,
        )
    return Wrong(
        "a kind and a name, such as user:a@example.com or serviceAccount:…, or allUsers"
        " (Google IAM, Policy.Binding)",
        near=f"{kinds[0]}{name}" if kinds else None,
    )


def google_role(value: str) -> Wrong | None:
    """A role in a binding; a custom one by its whole name. Source: the error of
    Google's ``setIamPolicy``."""
    if _ROLE.fullmatch(value):
        return None
    return Wrong(
        "roles/ROLE, projects/PROJECT/roles/ROLE or"
        " organizations/ORGANIZATION/roles/ROLE (Google IAM, setIamPolicy)",
        near=f"roles/{value}" if _PREDEFINED.fullmatch(value) else None,
    )


_PROVIDER: Final = "the provider's validator"
_V4: Final = _network(4, first=True, source=_PROVIDER)
_V6: Final = _network(6, first=True, source=_PROVIDER)
_AZURE: Final = _network(None, first=True, source="Azure Virtual Network")
_GOOGLE: Final = _network(None, first=False, source=_PROVIDER)

_EC2_NETWORKS: Final = re.compile(
    r"aws:ec2/(vpc|subnet|defaultSubnet|routeTable|defaultRouteTable|vpcIpv4CidrBlockAssociation):"
)
_EC2_GROUPS: Final = re.compile(
    r"aws:ec2/(securityGroup|defaultSecurityGroup|securityGroupRule):"
)
_EC2_RULES: Final = re.compile(r"aws:vpc/securityGroup(Ingress|Egress)Rule:")
_EC2_ROUTE: Final = re.compile(r"aws:ec2/route:")
_AZURE_NETWORKS: Final = re.compile(r"azure-native:network:(VirtualNetwork|Subnet)$")
_GOOGLE_SUBNETS: Final = re.compile(r"gcp:compute/subnetwork:")
_GOOGLE_GRANTS: Final = re.compile(r"gcp:.*(IAM|Iam)(Member|Binding)$")

_FORMS: Final[Mapping[str, tuple[re.Pattern[str], Form]]] = {
    "cidrBlock": (_EC2_NETWORKS, _V4),
    "ipv6CidrBlock": (_EC2_NETWORKS, _V6),
    "cidrBlocks": (_EC2_GROUPS, _V4),
    "ipv6CidrBlocks": (_EC2_GROUPS, _V6),
    "cidrIpv4": (_EC2_RULES, _V4),
    "cidrIpv6": (_EC2_RULES, _V6),
    "destinationCidrBlock": (_EC2_ROUTE, _V4),
    "destinationIpv6CidrBlock": (_EC2_ROUTE, _V6),
    "addressPrefix": (_AZURE_NETWORKS, _AZURE),
    "addressPrefixes": (_AZURE_NETWORKS, _AZURE),
    "ipCidrRange": (_GOOGLE_SUBNETS, _GOOGLE),
    "member": (_GOOGLE_GRANTS, google_member),
    "members": (_GOOGLE_GRANTS, google_member),
    "role": (_GOOGLE_GRANTS, google_role),
}
"""A property's name, wherever it stands → the types it is meant for, and the form of
its values."""
