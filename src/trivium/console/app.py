"""The console's pages. No JavaScript; everything that a model or a user wrote is
escaped by the templates, and the content security policy permits no script at all.

A person without a role sees nothing, not even which pages there are.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args
from urllib.parse import parse_qs

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from trivium.audit import Entry, LogReader, Reviewed
from trivium.console.entrance import (
    COOKIE,
    Entrance,
    FormTokens,
    LoopbackEntrance,
    Person,
)
from trivium.console.people import may_audit, may_decide
from trivium.errors import ReviewError, TriviumError
from trivium.review import ReviewQueue
from trivium.review.ticket import Verdict

_NEWEST = 100
"""Records on a page of the audit log."""
_MOST_BYTES = 1024 * 1024
"""Of a form. A reviewer's text is far shorter."""
_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
    ),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
}


@dataclass(frozen=True, kw_only=True)
class Sources:
    """What the console shows, and where decisions go."""

    queue: ReviewQueue
    log: Callable[[], LogReader]
    """Opens the audit log; called with each page."""
    append: Callable[[str, Reviewed], None]
    """Keeps a decision's record for a deployment; durable when it returns."""


def console(sources: Sources, entrance: Entrance, *, hosts: Sequence[str]) -> Starlette:
    """The application. `hosts`: names under which it may be asked, so that another
    site's name cannot be made to lead here (DNS rebinding)."""
    pages = _Pages(sources, entrance)
    routes = [
        Route("/", pages.queue),
        Route("/enter/{secret}", pages.enter),
        Route("/style.css", pages.style),
        Route("/tickets/{name}", pages.ticket, methods=["GET"]),
        Route("/tickets/{name}", pages.decide, methods=["POST"]),
        Route("/audit", pages.audit),
        Route("/audit/{shard}/{seq:int}", pages.record),
    ]
    return Starlette(
        routes=routes,
        middleware=[
            Middleware(_WithHeaders),
            Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts)),
        ],
        exception_handlers={
            TriviumError: pages.failed,
            HTTPException: pages.refused,
        },
    )


class _WithHeaders:
    """Puts the security headers on every response, errors included. Any: ASGI."""

    def __init__(self, app: Callable[[Any, Any, Any], Awaitable[None]]) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def sending(message: Any) -> None:
            if message["type"] == "http.response.start":
                added = [(k.encode(), v.encode()) for k, v in _HEADERS.items()]
                message = {**message, "headers": [*message["headers"], *added]}
            await send(message)

        await self._app(scope, receive, sending)


class _Pages:
    """One method a page."""

    def __init__(self, sources: Sources, entrance: Entrance) -> None:
        self._sources, self._entrance = sources, entrance
        self._tokens = FormTokens()
        self._templates = Environment(
            loader=PackageLoader("trivium.console", "pages"),
            autoescape=True,
            undefined=StrictUndefined,
        )
        self._templates.filters["moment"] = _moment

    def style(self, request: Request) -> Response:  # noqa: ARG002 -- Starlette's
        path = Path(__file__).with_name("pages") / "style.css"
        return Response(path.read_bytes(), media_type="text/css")

    def enter(self, request: Request) -> Response:
        """The one-time link."""
        session = None
        if isinstance(self._entrance, LoopbackEntrance):
            session = self._entrance.enter(request.path_params["secret"])
        if session is None:
            raise HTTPException(403, "This link was used before, or is not valid.")
        response = RedirectResponse("/", status_code=303)
        response.set_cookie(COOKIE, session, httponly=True, samesite="strict")
        return response

    def queue(self, request: Request) -> Response:
        person = self._person(request)
        if not may_decide(person.role):
            return RedirectResponse("/audit", status_code=303)
        queue = self._sources.queue
        return self._page(
            "queue.html",
            person,
            tickets=queue.pending(reviewer=person.id),
            measures=queue.measures(),
        )

    def ticket(self, request: Request) -> Response:
        person = self._reviewer(request)
        name = request.path_params["name"]
        shown = self._sources.queue.show(name, person.id)
        return self._page(
            "ticket.html",
            person,
            shown=shown,
            content=_readable(shown.content),
            token=self._tokens.of(person, name),
        )

    async def decide(self, request: Request) -> Response:
        person = await run_in_threadpool(self._reviewer, request)
        name = request.path_params["name"]
        form = await _form(request)
        if not self._tokens.holds(form.get("token", ""), person, name):
            raise HTTPException(
                403, "The form is not from this console. Open it again."
            )
        await run_in_threadpool(self._decide, name, person, form)
        return RedirectResponse("/", status_code=303)

    def audit(self, request: Request) -> Response:
        person = self._auditor(request)
        asked = {
            name: request.query_params.get(name, "").strip()
            for name in ("kind", "outcome", "provision", "route", "since", "until")
        }
        newest = deque(_found(self._sources.log().entries(), asked), maxlen=_NEWEST)
        rows = [(entry, _plain(entry)) for entry in reversed(newest)]
        return self._page("audit.html", person, rows=rows, asked=asked, most=_NEWEST)

    def record(self, request: Request) -> Response:
        person = self._auditor(request)
        place = (request.path_params["shard"], request.path_params["seq"])
        for entry in self._sources.log().entries():
            if (entry.shard, entry.seq) == place:
                text = msgspec.json.format(msgspec.json.encode(entry.record)).decode()
                return self._page("record.html", person, entry=entry, text=text)
        raise HTTPException(404, "There is no such record.")

    def failed(self, request: Request, error: Exception) -> Response:
        """A clear error of ours: what a person can do something about."""
        code = 409 if isinstance(error, ReviewError) else 500
        return self._error(request, code, str(error))

    def refused(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 -- for the type checker
        return self._error(request, error.status_code, error.detail)

    def _decide(self, name: str, person: Person, form: dict[str, str]) -> None:
        verdict = form.get("verdict", "")
        if verdict not in get_args(Verdict):
            raise HTTPException(400, "Choose allow, deny or edit.")
        queue = self._sources.queue
        deployment = queue.ticket(name).deployment
        queue.decide(
            name,
            reviewer=person.id,
            verdict=msgspec.convert(verdict, Verdict),
            reason=form.get("reason", ""),
            edited=form.get("edited", "") if verdict == "edit" else None,
            append=lambda record: self._sources.append(deployment, record),
        )

    def _person(self, request: Request) -> Person:
        person = self._entrance.person(request.headers, request.cookies)
        if person is None:
            raise HTTPException(403, "You are not known here.")
        return person

    def _reviewer(self, request: Request) -> Person:
        person = self._person(request)
        if not may_decide(person.role):
            raise HTTPException(403, "This page is for reviewers.")
        return person

    def _auditor(self, request: Request) -> Person:
        person = self._person(request)
        if not may_audit(person.role):
            raise HTTPException(403, "This page is for auditors.")
        return person

    def _page(self, name: str, person: Person | None, **values: Any) -> HTMLResponse:
        """Any: what the template shows."""
        template = self._templates.get_template(name)
        links = [
            link
            for link, permitted in (("/", may_decide), ("/audit", may_audit))
            if person and permitted(person.role)
        ]
        return HTMLResponse(template.render(person=person, links=links, **values))

    def _error(self, request: Request, code: int, text: str) -> Response:
        person = self._entrance.person(request.headers, request.cookies)
        response = self._page("error.html", person, text=text)
        response.status_code = code
        return response


async def _form(request: Request) -> dict[str, str]:
    """The fields of a small form, each once."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise HTTPException(413, "The form is too long.")
    try:
        fields = parse_qs(
            body.decode(), keep_blank_values=True, max_num_fields=10, errors="strict"
        )
    except ValueError:
        raise HTTPException(400, "The form cannot be read.") from None
    return {name: values[0] for name, values in fields.items()}


def _found(entries: Iterator[Entry], asked: dict[str, str]) -> Iterator[Entry]:
    """Entries that fit the filters; an empty filter fits everything."""
    for entry in entries:
        plain = _plain(entry)
        time = str(plain["time"])
        if (
            all(asked[k] in ("", plain.get(k)) for k in ("kind", "outcome", "route"))
            and (not asked["provision"] or asked["provision"] in _provisions(plain))
            and asked["since"] <= time
            and (not asked["until"] or time <= asked["until"])
        ):
            yield entry


def _plain(entry: Entry) -> dict[str, Any]:
    """A record as plain values. Any: JSON."""
    plain: dict[str, Any] = msgspec.to_builtins(entry.record)
    return plain


def _provisions(plain: dict[str, Any]) -> set[str]:
    """Ids of the provisions that applied. Any: JSON."""
    findings = plain.get("decision", {}).get("findings", ())
    return {*plain.get("provisions", ()), *(one["provision"] for one in findings)}


def _readable(content: str) -> str:
    """What was judged, indented."""
    return msgspec.json.format(content, indent=2)


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
