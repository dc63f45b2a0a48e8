"""The one place that opens connections. Built on pyreqwest; sync and async twins.

Nothing is followed, retried, logged or read ahead. A request that gets no answer raises
`NoAnswerError`, which names the class of cause; the caller says what that means for it.
"""

from trivium.http.exchange import AsyncExchange, SyncExchange
from trivium.http.failure import MEANINGS, Cause, NoAnswerError
from trivium.http.once import once
from trivium.http.pool import (
    FORKED,
    AsyncPools,
    Connection,
    SyncPools,
    async_pools,
    sync_pools,
)
from trivium.http.readers import DRAIN_S, Readers
from trivium.http.request import Answer, Request
from trivium.http.trust import Trust

__all__ = [
    "DRAIN_S",
    "FORKED",
    "MEANINGS",
    "Answer",
    "AsyncExchange",
    "AsyncPools",
    "Cause",
    "Connection",
    "NoAnswerError",
    "Readers",
    "Request",
    "SyncExchange",
    "SyncPools",
    "Trust",
    "async_pools",
    "once",
    "sync_pools",
]
