"""One request by itself: a key service's answer, a descriptor's bytes."""

from pyreqwest.client import SyncClient
from pyreqwest.exceptions import PyreqwestError
from pyreqwest.request import SyncRequestBuilder

from trivium.http.exchange import answered, filled
from trivium.http.failure import NoAnswerError, no_answer
from trivium.http.pool import Connection, sync_builder, unforked
from trivium.http.request import Answer, Request


def once(
    request: Request, connection: Connection, *, most_bytes: int | None = None
) -> Answer:
    """Send it on a connection of its own and return the whole answer.

    `most_bytes`: read no more of the body than one byte beyond this, so that the caller
    sees that it was too long. Raises `NoAnswerError`, and `ConfigurationError` in a
    forked process.
    """
    with unforked():
        pool = sync_builder(connection).build()
    with pool:
        builder = _built(pool, request)
        try:
            if most_bytes is None:
                response = builder.build().send()
                return answered(response, bytes(response.bytes()))
            with builder.build_streamed() as streamed:
                body = bytes(streamed.body_reader.read(most_bytes + 1) or b"")
                return answered(streamed, body)
        except PyreqwestError as error:
            raise no_answer(error) from error


def _built(pool: SyncClient, request: Request) -> SyncRequestBuilder:
    """The request, ready to be sent. pyreqwest's ValueErrors quote what they refuse, so
    no cause is kept."""
    try:
        builder = pool.request(request.method, request.url)
    except ValueError:
        raise NoAnswerError("address") from None
    try:
        return filled(builder, request)
    except ValueError:
        raise NoAnswerError("header") from None
