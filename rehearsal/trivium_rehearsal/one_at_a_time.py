"""Creations of which a cloud takes one at a time.

An Azure AI account rejects a deployment while another one of its deployments is being
created: 409, RequestConflict (Azure/bicep-registry-modules#7197). Whether two resources
of a program depend on each other is not told to a provider, but it shows: the engine
asks for the second one while the first is still being created. In a cloud that takes
minutes; here each such creation lasts `LASTS_S`, long enough for the engine to ask for
what does not wait. A program that chains its deployments is never refused.

Updates and deletions are not judged: no source says that they are rejected.
"""

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from trivium_rehearsal.place import Place

__all__ = ["LASTS_S", "BusyError", "OneAtATime", "account_of"]

LASTS_S: Final = 0.5
"""How long a creation lasts: the SDK asks for resources that are ready at once within
milliseconds of each other, and more slowly on a busy machine."""

_DEPLOYMENT: Final = "azure-native:cognitiveservices:Deployment"
_GENERIC: Final = "azure-native:resources:Resource"
_PARENT: Final = re.compile(r"/?accounts/([^/]+)/?", re.IGNORECASE)


class BusyError(Exception):
    """Another creation in the same account is under way."""


def account_of(token: str, inputs: Mapping[str, Any], place: Place) -> str | None:
    """The AI account in which these inputs make a deployment, or None."""
    if token == _DEPLOYMENT:
        account = inputs.get("accountName")
    elif token == _GENERIC and _is_deployment(inputs):
        parent = _PARENT.fullmatch(str(inputs.get("parentResourcePath")))
        account = parent[1] if parent else None
    else:
        return None
    group = inputs.get("resourceGroupName")
    if not isinstance(account, str) or not isinstance(group, str):
        return None
    return f"{place.subscription}/{group}/{account}".lower()


def _is_deployment(inputs: Mapping[str, Any]) -> bool:
    namespace = str(inputs.get("resourceProviderNamespace")).lower()
    kind = str(inputs.get("resourceType")).lower()
    return namespace == "microsoft.cognitiveservices" and kind == "deployments"


class OneAtATime:
    """The accounts in which something is being created now."""

    def __init__(self, lasts_s: float = LASTS_S) -> None:
        self._lasts_s = lasts_s
        self._changed = threading.Condition()
        self._busy: set[str] = set()
        self._refused: set[str] = set()

    @contextmanager
    def creating(self, name: str, account: str | None) -> Iterator[None]:
        """Create the deployment `name` meanwhile; raises `BusyError` if another one
        is being created in `account`. None is not held up."""
        if account is None:
            yield
            return
        self._begin(name, account)
        try:
            yield
        finally:
            self._end(account)

    def _begin(self, name: str, account: str) -> None:
        with self._changed:
            if account in self._busy:
                self._refused.add(account)
                self._changed.notify_all()
                shown = account.rpartition("/")[2]
                raise BusyError(
                    f"{name}: another deployment of the account `{shown}` is being"
                    " created, expected none; Azure would answer 409 RequestConflict"
                    " (Azure/bicep-registry-modules#7197). Create them one after the"
                    " other: give this one `depends_on` the other."
                )
            self._busy.add(account)

    def _end(self, account: str) -> None:
        """Last until somebody was refused, or long enough that nobody will be."""
        with self._changed:
            self._changed.wait_for(lambda: account in self._refused, self._lasts_s)
            self._busy.discard(account)
            self._refused.discard(account)
