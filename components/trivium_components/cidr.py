"""Address arithmetic: divide one network range among clouds and subnets. Pure.

The three clouds' networks never overlap, so they can be peered, or connected to one
site, later. A share depends only on its position in the range, not on how many shares
are in use: adding an availability zone renumbers nothing. This matters because a
subnet's range cannot change without replacing the subnet.
"""

from ipaddress import IPv4Network

from trivium.vocabulary.residency import Cloud

CLOUD_ORDER: tuple[Cloud, ...] = ("aws", "gcp", "azure")
"""Never reorder: a cloud's share depends on its position. The fourth quarter stays
free."""

_CLOUD_BITS = 2
_SUBNET_BITS = 3

SUBNETS_PER_CLOUD = 2**_SUBNET_BITS
"""Eight: more than the six availability zones of the largest AWS Region (us-east-1)."""

LARGEST = 16
"""Prefix length of the largest range: AWS refuses a larger VPC than /16 (VPC user
guide, "VPC CIDR blocks")."""
SMALLEST = 20
"""Prefix length of the smallest range: a subnet is then a /25, with room for the
endpoints and a hundred callers."""

_PRIVATE = tuple(
    IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
)  # RFC 1918 §3


def problem(text: str) -> str | None:
    """Why `text` cannot be the network range of a deployment; None if it can."""
    try:
        network = IPv4Network(text)
    except ValueError as error:
        return str(error)
    if not any(network.subnet_of(private) for private in _PRIVATE):
        return "it is not private address space"
    if not LARGEST <= network.prefixlen <= SMALLEST:
        return f"its prefix length is {network.prefixlen}"
    return None


def cloud_range(network: str, cloud: Cloud) -> str:
    """The quarter of `network` for `cloud`."""
    return _share(network, _CLOUD_BITS, CLOUD_ORDER.index(cloud))


def subnet_ranges(cloud_network: str, count: int) -> tuple[str, ...]:
    """The first `count` subnets (1 to 8) of a cloud's range, in order.

    Raises `ValueError` for any other count; the settings limit the number of zones.
    """
    if not 1 <= count <= SUBNETS_PER_CLOUD:
        raise ValueError(
            f"{count} subnets were requested; a cloud's range holds 1 to"
            f" {SUBNETS_PER_CLOUD}"
        )
    return tuple(_share(cloud_network, _SUBNET_BITS, index) for index in range(count))


def address(network: str, offset: int) -> str:
    """The address at `offset` in a network. Raises `IndexError` if it lies outside."""
    return str(IPv4Network(network)[offset])


def _share(network: str, bits: int, index: int) -> str:
    """One of the 2**bits equal parts of a network."""
    whole = IPv4Network(network)
    prefix = whole.prefixlen + bits
    start = int(whole.network_address) + index * 2 ** (32 - prefix)
    return str(IPv4Network((start, prefix)))
