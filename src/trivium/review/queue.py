"""The queue of tickets, in one SQLite file that several processes share.

Its laws:
- A decision is bound to the digest of exactly what was judged, to the constitution's
  digest and to an expiry.
- What was allowed is released once: `redeem` succeeds for one caller.
- Time never allows anything. A ticket that nobody decided expires, which is a refusal.
- A decision exists only if its audit record does: `decide` appends the record before it
  commits.
- Which tickets are blind or double is drawn by a key of the queue, so neither the
  caller nor a reviewer can choose it.
"""

import hashlib
import hmac
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec

from trivium.audit.record import Reviewed
from trivium.errors import ReviewError
from trivium.review.measures import Decision, Measures, measured
from trivium.review.ticket import (
    Draft,
    Settled,
    Shown,
    State,
    Ticket,
    Verdict,
    judged_digest,
    with_text,
)
from trivium.vocabulary.decision import Finding
from trivium.vocabulary.moment import rfc3339
from trivium.vocabulary.record import Record

_BUSY_S = 30.0
"""How long one process waits for another's write."""

_SCHEMA = """
create table if not exists facts (name text primary key, value blob not null);
create table if not exists tickets (
    id text primary key, deployment text not null, request_id text not null,
    stage text not null, judged text not null, constitution text not null,
    findings blob not null, opened_at real not null, expires_at real not null,
    blind integer not null, double integer not null, words integer not null,
    content blob, released blob,
    verdict text, reason text, redeemed_at real
) strict;
create table if not exists shown (
    ticket text not null, reviewer text not null, at real not null,
    primary key (ticket, reviewer)
) strict;
create table if not exists decisions (
    number integer primary key autoincrement,
    ticket text not null, reviewer text not null, verdict text not null,
    reason text not null, at real not null, seconds real, edited text,
    unique (ticket, reviewer)
) strict;
"""


Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Terms(Record, frozen=True, kw_only=True):
    """How a queue is run. It is kept in the queue's file, for every process."""

    blind: Share = 0.1
    """Share of tickets that are decided without the guard's opinion, 0 to 1."""
    double: Share = 0.1
    """Share of tickets that two reviewers decide, 0 to 1."""
    expires_s: Annotated[float, msgspec.Meta(gt=0)] = 24 * 3600.0
    """How long a ticket may wait, in seconds."""


class ReviewQueue:
    """An open queue. Thread-safe: each call has a connection of its own."""

    def __init__(
        self,
        path: Path,
        *,
        terms: Terms | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Open or create the queue in the file `path`, readable by its owner alone.

        `terms`: from now on, for every process; without them those of the file hold.
        Raises `ReviewError`.
        """
        self.path = path
        self._clock = clock
        if terms is not None:
            _require_usable(terms)
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.touch(mode=0o600)
        except OSError as error:
            raise _unusable(path, error.strerror or "it cannot be written") from error
        with self._writing() as db:
            for statement in filter(str.strip, _SCHEMA.split(";")):
                db.execute(statement)
            db.execute(
                "insert or ignore into facts values ('key', ?)",
                (secrets.token_bytes(32),),
            )
            if terms is not None:
                db.execute(
                    "insert or replace into facts values ('terms', ?)",
                    (msgspec.json.encode(terms),),
                )
            (self._key,) = db.execute(
                "select value from facts where name = 'key'"
            ).fetchone()

    def open(self, draft: Draft) -> Ticket:
        """Put something before reviewers; durable when this returns. Raises
        `ReviewError`."""
        name, now = "rev_" + secrets.token_hex(12), self._clock()
        terms = self.terms()
        values = (
            name,
            draft.deployment,
            draft.request_id,
            draft.stage,
            judged_digest(draft.judged),
            draft.constitution,
            msgspec.json.encode(draft.findings),
            now,
            now + terms.expires_s,
            self._drawn("blind", name, terms.blind),
            self._drawn("double", name, terms.double),
            len(draft.judged.split()),
            draft.judged,
            draft.released,
        )
        places = ", ".join("?" * len(values))
        with self._writing() as db:
            self._forget_expired(db)
            db.execute(
                f"insert into tickets values ({places}, null, null, null)",  # noqa: S608
                values,
            )
            return self._ticket(db, name)

    def terms(self) -> Terms:
        """How the queue is run. Raises `ReviewError`."""
        with self._reading() as db:
            row = db.execute("select value from facts where name = 'terms'").fetchone()
        return msgspec.json.decode(row[0], type=Terms) if row else Terms()

    def pending(self, *, reviewer: str | None = None) -> tuple[Ticket, ...]:
        """Tickets that wait for a decision, oldest first; with `reviewer`, those that
        this person has not decided yet."""
        with self._reading() as db:
            rows = db.execute(
                _PENDING,
                (self._clock(), reviewer or ""),
            )
            return tuple(self._made(row) for row in rows)

    def ticket(self, name: str) -> Ticket:
        """One ticket. Raises `ReviewError` when there is none of this name."""
        with self._reading() as db:
            return self._ticket(db, name)

    def show(self, name: str, reviewer: str) -> Shown:
        """A ticket for one reviewer, whose time runs from the first time on. Raises
        `ReviewError`."""
        with self._writing() as db:
            ticket = self._open_ticket(db, name)
            db.execute(
                "insert or ignore into shown values (?, ?, ?)",
                (name, reviewer, self._clock()),
            )
            content, findings = db.execute(
                "select content, findings from tickets where id = ?", (name,)
            ).fetchone()
        opinion = msgspec.json.decode(findings, type=tuple[Finding, ...])
        return Shown(
            ticket=ticket,
            content=bytes(content).decode(),
            findings=None if ticket.blind else opinion,
        )

    def decide(
        self,
        name: str,
        *,
        reviewer: str,
        verdict: Verdict,
        reason: str,
        append: Callable[[Reviewed], None],
        edited: str | None = None,
    ) -> Reviewed:
        """Decide a ticket, and keep the record of it by `append`. A ticket that two
        must decide is settled by two equal verdicts, or else by a third reviewer.

        `edited`: with the verdict `edit`, the text that is released instead of the
        reply's, or of the user's last turn. Raises `ReviewError`, and what `append`
        raises; nothing is decided then.
        """
        _require_complete(name, reviewer, verdict, reason, edited)
        with self._writing() as db:
            ticket = self._open_ticket(db, name)
            seconds = self._seconds(db, name, reviewer)
            self._insert_decision(
                db, name, (reviewer, verdict, reason, self._clock(), seconds, edited)
            )
            final = self._settles(db, ticket, verdict, edited)
            record = Reviewed(
                time=rfc3339(datetime.fromtimestamp(self._clock(), UTC)),
                deployment=ticket.deployment,
                constitution=ticket.constitution,
                ticket=name,
                request_id=ticket.request_id,
                judged=ticket.judged,
                verdict=verdict,
                reviewer=reviewer,
                reason=reason,
                provisions=ticket.provisions,
                seconds=seconds,
                blind=ticket.blind,
                double=ticket.double,
                final=final,
            )
            if final:
                self._settle(db, ticket, verdict, reason, edited)
            append(record)
        return record

    def result(self, name: str) -> Settled | None:
        """How a ticket was settled; None while it waits. It releases nothing. Raises
        `ReviewError` when it expired or does not exist."""
        with self._reading() as db:
            ticket = self._ticket(db, name)
            if ticket.state == "pending":
                return None
            self._require_in_time(ticket)
            return self._settled(db, ticket)

    def redeem(self, name: str, *, constitution: str) -> Settled:
        """Use the one release of an allowed ticket. `constitution`: the digest that
        holds now.

        Raises `ReviewError` when it is not allowed, was used, was decided under another
        constitution, or holds something else than what was judged.
        """
        with self._writing() as db:
            ticket = self._ticket(db, name)
            self._require_in_time(ticket)
            (content,) = db.execute(
                "select content from tickets where id = ?", (name,)
            ).fetchone()
            _require_redeemable(ticket, content, constitution)
            settled = self._settled(db, ticket)
            if not settled.allowed:
                raise ReviewError(
                    f"Ticket {name} was denied, so nothing is released.",
                    next_step="Read the reviewer's reason.",
                )
            db.execute(
                "update tickets set redeemed_at = ? where id = ?", (self._clock(), name)
            )
            _forget(db, name)
        return settled

    def measures(self) -> Measures:
        """What all decisions show."""
        with self._reading() as db:
            rows = db.execute(
                "select d.ticket, d.reviewer, d.verdict, d.seconds, t.words"
                " from decisions d join tickets t on t.id = d.ticket order by d.number"
            ).fetchall()
        return measured(
            [
                Decision(
                    ticket=ticket,
                    reviewer=reviewer,
                    verdict=verdict,
                    seconds=seconds,
                    words=words,
                )
                for ticket, reviewer, verdict, seconds, words in rows
            ]
        )

    # Deciding

    def _seconds(
        self, db: sqlite3.Connection, name: str, reviewer: str
    ) -> float | None:
        """Since the reviewer first saw the ticket."""
        row = db.execute(
            "select at from shown where ticket = ? and reviewer = ?", (name, reviewer)
        ).fetchone()
        return None if row is None else max(0.0, self._clock() - row[0])

    def _insert_decision(
        self, db: sqlite3.Connection, name: str, values: tuple[Any, ...]
    ) -> None:
        """Keep a decision; a reviewer decides a ticket once. Any: a row's columns."""
        kept = db.execute(
            "insert or ignore into decisions"
            " (ticket, reviewer, verdict, reason, at, seconds, edited)"
            " values (?, ?, ?, ?, ?, ?, ?)",
            (name, *values),
        )
        if not kept.rowcount:
            raise ReviewError(
                f"{values[0]} has decided ticket {name} before; the first decision"
                " stands.",
                next_step="Leave the ticket to another reviewer.",
            )

    def _settles(
        self,
        db: sqlite3.Connection,
        ticket: Ticket,
        verdict: Verdict,
        edited: str | None,
    ) -> bool:
        """Whether the decision that was just made settles the ticket."""
        if not ticket.double:
            return True
        said = db.execute(
            "select verdict, edited from decisions where ticket = ? order by number",
            (ticket.id,),
        ).fetchall()
        if len(said) == 2:
            return bool(said[0] == (verdict, edited))
        return len(said) > 2

    def _settle(
        self,
        db: sqlite3.Connection,
        ticket: Ticket,
        verdict: Verdict,
        reason: str,
        edited: str | None,
    ) -> None:
        """Keep how it ended; what was denied has no content any more."""
        db.execute(
            "update tickets set verdict = ?, reason = ? where id = ?",
            (verdict, reason, ticket.id),
        )
        if edited is not None:
            (released,) = db.execute(
                "select released from tickets where id = ?", (ticket.id,)
            ).fetchone()
            db.execute(
                "update tickets set released = ? where id = ?",
                (with_text(released, ticket.stage, edited), ticket.id),
            )
        if verdict == "deny":
            _forget(db, ticket.id)

    def _forget_expired(self, db: sqlite3.Connection) -> None:
        """Remove the content of tickets that expired."""
        expired = db.execute(
            "select id from tickets where expires_at <= ? and content is not null",
            (self._clock(),),
        ).fetchall()
        for (name,) in expired:
            _forget(db, name)

    # Reading

    def _ticket(self, db: sqlite3.Connection, name: str) -> Ticket:
        row = db.execute(_SELECT + " where t.id = ?", (name,)).fetchone()
        if row is None:
            raise ReviewError(
                f"There is no ticket `{name[:40]}` in {self.path}.",
                next_step="Use the ticket that the error named, and the same queue.",
            )
        return self._made(row)

    def _open_ticket(self, db: sqlite3.Connection, name: str) -> Ticket:
        """A ticket that can still be decided."""
        ticket = self._ticket(db, name)
        self._require_in_time(ticket)
        if ticket.state != "pending":
            raise ReviewError(
                f"Ticket {name} is settled, so it cannot be decided any more.",
                next_step="Look at the queue again: another reviewer was first.",
            )
        return ticket

    def _require_in_time(self, ticket: Ticket) -> None:
        if ticket.state == "expired":
            raise ReviewError(
                f"Ticket {ticket.id} expired before it was decided, so nothing is"
                " released.",
                next_step="Ask again, which opens another ticket.",
            )

    def _settled(self, db: sqlite3.Connection, ticket: Ticket) -> Settled:
        verdict, reason, released = db.execute(
            "select verdict, reason, released from tickets where id = ?", (ticket.id,)
        ).fetchone()
        reviewers = db.execute(
            "select reviewer from decisions where ticket = ? order by number",
            (ticket.id,),
        ).fetchall()
        return Settled(
            ticket=ticket.id,
            request_id=ticket.request_id,
            stage=ticket.stage,
            verdict=verdict,
            judged=ticket.judged,
            constitution=ticket.constitution,
            reviewers=tuple(reviewer for (reviewer,) in reviewers),
            reason=reason,
            released=msgspec.Raw(released or b"null"),
        )

    def _made(self, row: tuple[Any, ...]) -> Ticket:
        """A ticket from a row of `_SELECT`. Any: its columns."""
        findings = msgspec.json.decode(row[6], type=tuple[Finding, ...])
        return Ticket(
            id=row[0],
            deployment=row[1],
            request_id=row[2],
            stage=row[3],
            judged=row[4],
            constitution=row[5],
            provisions=tuple(dict.fromkeys(one.provision for one in findings)),
            opened_at=row[7],
            expires_at=row[8],
            blind=bool(row[9]),
            double=bool(row[10]),
            state=self._state(verdict=row[11], redeemed=row[12], expires_at=row[8]),
            decisions=row[13],
        )

    def _state(
        self, *, verdict: str | None, redeemed: float | None, expires_at: float
    ) -> State:
        if redeemed is not None:
            return "redeemed"
        if self._clock() >= expires_at:
            return "expired"
        return "pending" if verdict is None else "settled"

    def _drawn(self, what: str, name: str, share: float) -> bool:
        """Whether a ticket is in a share of all, by the queue's own key."""
        drawn = hmac.digest(self._key, f"{what}:{name}".encode(), hashlib.sha256)
        return int.from_bytes(drawn[:8], "big") < share * 2**64

    # The file

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """A connection for one reading transaction. Raises `ReviewError`."""
        with self._connected("begin") as db:
            yield db

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """A connection for one transaction, which is rolled back by an exception. When
        it is over, what it wrote is on the disk. Raises `ReviewError`."""
        with self._connected("begin immediate") as db:
            yield db

    @contextmanager
    def _connected(self, begin: str) -> Iterator[sqlite3.Connection]:
        try:
            db = sqlite3.connect(self.path, timeout=_BUSY_S, isolation_level=None)
            try:
                db.execute("pragma journal_mode = wal")
                db.execute("pragma synchronous = full")
                db.execute("pragma secure_delete = on")
                db.execute(begin)
                yield db
                db.execute("commit")
            finally:
                db.close()  # an open transaction is rolled back
        except sqlite3.Error as error:
            raise _unusable(self.path, str(error)) from error


_SELECT = (
    "select t.id, t.deployment, t.request_id, t.stage, t.judged, t.constitution,"
    " t.findings, t.opened_at, t.expires_at, t.blind, t.double, t.verdict,"
    " t.redeemed_at, (select count(*) from decisions d where d.ticket = t.id)"
    " from tickets t"
)
_PENDING = (
    f"{_SELECT} where verdict is null and expires_at > ? and not exists"  # noqa: S608 -- a constant
    " (select 1 from decisions d where d.ticket = t.id and d.reviewer = ?)"
    " order by opened_at, id"
)


def _require_usable(terms: Terms) -> None:
    """Raise `ReviewError` for shares or an expiry that mean nothing."""
    try:
        msgspec.convert(msgspec.to_builtins(terms), Terms)
    except msgspec.ValidationError as error:
        raise ReviewError(
            f"The queue's terms cannot be used: {error}.",
            next_step="Give shares from 0 to 1, and more than 0 seconds.",
        ) from error


def _forget(db: sqlite3.Connection, name: str) -> None:
    """Remove everything that a ticket holds of what was judged."""
    db.execute(
        "update tickets set content = null, released = null where id = ?", (name,)
    )
    db.execute("update decisions set edited = null where ticket = ?", (name,))


def _require_complete(
    name: str, reviewer: str, verdict: Verdict, reason: str, edited: str | None
) -> None:
    """Raise `ReviewError` for a decision that says too little."""
    if not reviewer.strip() or not reason.strip():
        raise ReviewError(
            f"The decision on ticket {name} lacks a reviewer or a reason, so it was not"
            " taken.",
            next_step="State who decides, and why.",
        )
    if (verdict == "edit") != (edited is not None):
        raise ReviewError(
            f"The decision on ticket {name} is `{verdict}`"
            f" {'without' if edited is None else 'with'} an edited version, so it was"
            " not taken.",
            next_step="Give the edited version with the verdict `edit`, and only then.",
        )


def _require_redeemable(
    ticket: Ticket, content: bytes | None, constitution: str
) -> None:
    """Raise `ReviewError` unless the ticket is settled, unused, and holds what was
    judged under this constitution."""
    if ticket.state == "pending":
        raise ReviewError(
            f"Ticket {ticket.id} is not decided yet, so nothing is released.",
            next_step="Wait for the decision.",
        )
    if ticket.state == "redeemed":
        raise ReviewError(
            f"Ticket {ticket.id} was used before; an approval releases once.",
            next_step="Ask again, which opens another ticket.",
        )
    if content is not None and judged_digest(content) != ticket.judged:
        raise ReviewError(
            f"Ticket {ticket.id} does not hold what was judged, so nothing is released.",
            next_step="Keep the queue's file as evidence: it was changed.",
        )
    if ticket.constitution != constitution:
        raise ReviewError(
            f"Ticket {ticket.id} was decided under another constitution, so nothing is"
            " released.",
            next_step="Ask again, which opens a ticket under the present one.",
        )


def _unusable(path: Path, why: str) -> ReviewError:
    return ReviewError(
        f"The review queue {path} cannot be used: {why}.",
        next_step="Give it a writable file on a local disk (TRIVIUM_REVIEWS).",
    )
