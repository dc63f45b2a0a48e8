"""What a verifier can find wrong with a log."""

from collections.abc import Generator
from typing import Literal, TypeVar

from trivium.vocabulary.record import Record

T = TypeVar("T")

Kind = Literal[
    "changed",
    "foreign",
    "misplaced",
    "missing",
    "rolled_back",
    "torn",
    "unreadable",
    "unsigned",
]
"""`changed`: content is not what was sealed. `foreign`: a file that does not belong
here, or belongs to another log. `misplaced`: a segment or line out of its sequence.
`missing`: a file that must be there. `rolled_back`: an earlier state was put back, or
the end was removed. `torn`: a write was cut off. `unreadable`: not a regular file, or
not in the format. `unsigned`: no valid signature by a trusted key."""


class Problem(Record, frozen=True, kw_only=True, omit_defaults=False):
    """One thing that is wrong."""

    path: str
    """The file or folder it is about."""
    kind: Kind
    text: str
    """One sentence for a person, which names the path."""

    def __str__(self) -> str:
        return self.text


Judging = Generator[Problem, None, T]
"""Yields each problem, and returns what was found besides."""
