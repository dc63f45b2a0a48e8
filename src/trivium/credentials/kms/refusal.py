"""What a key service's refusal becomes: its status, the provider's own codes, and what
to do. Never its text.

The texts of refusals quote identities, requests and, for signatures, headers with
session tokens in them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from trivium.errors import CredentialsError

AGAIN = "Try again in a moment."
_ELSEWHERE = (
    "Look for what answers in the key service's place: a proxy, or a portal that wants"
    " a login."
)

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,63}")


@dataclass(frozen=True)
class Refusal:
    """How a key service said no."""

    status: int
    """HTTP status."""
    codes: tuple[str, ...]
    """The provider's words for it, the general one first; empty when it gave none."""

    def says(self, *codes: str) -> bool:
        """Whether one of these words is among its own."""
        return bool(set(codes) & set(self.codes))


def refusal(status: int, codes: Iterable[str]) -> Refusal:
    """A refusal with those of the codes that are words, each once: the rest could be
    anything."""
    return Refusal(
        status, tuple(dict.fromkeys(code for code in codes if _CODE.fullmatch(code)))
    )


def refused(task: str, key: str, found: Refusal, next_step: str) -> CredentialsError:
    """The error for a refused `task`, such as `sign with`."""
    words = f"{found.status} {', '.join(found.codes)}".strip()
    return CredentialsError(
        f"The key service refused to {task} {key}: {words}. Nothing is signed.",
        next_step=_ELSEWHERE if 300 <= found.status < 400 else next_step,
    )


def unreadable(task: str, key: str, reason: str) -> CredentialsError:
    """The error for an answer of another form than the service's."""
    return CredentialsError(
        f"The key service, asked to {task} {key}, gave an answer that cannot be read:"
        f" {reason}. Nothing is signed.",
        next_step=_ELSEWHERE,
    )


def mismatch(key: str, field: str, found: str, expected: str) -> CredentialsError:
    """The error for an answer that does not belong to the question, or was changed on
    its way."""
    return CredentialsError(
        f"The key service's answer for {key} does not hold: `{field}` is"
        f" `{shown(found)}`, expected `{expected}`. It was thrown away and nothing is"
        " signed.",
        next_step=(
            f"{AGAIN} If it stays so, look for what changes answers between here and"
            " the key service."
        ),
    )


def wrong_kind(key: str, found: str, expected: str) -> CredentialsError:
    """The error for a key that cannot make the signatures that descriptors carry."""
    return CredentialsError(
        f"The key {key} is {shown(found)}, expected {expected}; nothing is signed.",
        next_step=(
            "Give the key that the stack made: `pulumi stack output signing_key`."
        ),
    )


def shown(found: str) -> str:
    """What a service sent, short and printable."""
    return found[:200].encode("unicode_escape").decode()
