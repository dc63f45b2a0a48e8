"""Names of resources whose program gave none, or a prefix."""

import secrets

from trivium_rehearsal.execution import ExecutionError, Properties


def named(
    token: str, inputs: Properties, key: str = "name", prefix_key: str = "namePrefix"
) -> str:
    """The name asked for; with a prefix, that and a random end. Raises `ExecutionError`
    when there is neither."""
    if name := inputs.get(key):
        return str(name)
    if prefix := inputs.get(prefix_key):
        return f"{prefix}{secrets.token_hex(6)}"
    raise ExecutionError(
        f"{token}: neither `{key}` nor `{prefix_key}` is set, and the provider made no"
        f" name; AWS needs one. Set `{key}`."
    )
