"""The parent of every record that crosses a room."""

import msgspec


class Record(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
):
    """An immutable record with named fields; decoding refuses fields it does not know.

    Subclasses repeat `frozen=True, kw_only=True`: msgspec inherits them, type checkers
    do not see that.
    """
