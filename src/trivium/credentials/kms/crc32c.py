"""CRC32C, the checksum that Google asks for. Source: RFC 3720, appendix B.4; reflected
Castagnoli polynomial.

Written out because the keys' messages are 32 to 200 bytes: no compiled package is worth
that.
"""

_POLYNOMIAL = 0x82F63B78


def crc32c(data: bytes) -> int:
    """The checksum, from 0 to 2**32 - 1."""
    value = 0xFFFFFFFF
    for byte in data:
        value = (value >> 8) ^ _TABLE[(value ^ byte) & 0xFF]
    return value ^ 0xFFFFFFFF


def _entry(value: int) -> int:
    for _ in range(8):
        value = (value >> 1) ^ (_POLYNOMIAL if value & 1 else 0)
    return value


_TABLE = tuple(_entry(byte) for byte in range(256))
