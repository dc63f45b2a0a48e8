"""The console's pages: who sees what, and what a form may do."""

import re
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="the extra `console` is not installed")

from starlette.testclient import TestClient

from trivium.audit import AuditLog, LogReader, Reviewed
from trivium.console.app import Sources, console
from trivium.console.entrance import LoopbackEntrance, Person
from trivium.console.people import Role
from trivium.review import Draft, ReviewQueue, Terms, Ticket
from trivium.vocabulary.decision import Action, Finding
from trivium.vocabulary.envelope import Ed25519Signer, TrustedKeys

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"
CONSTITUTION = "sha256:" + "1" * 64


class World:
    """A queue, a log and a console in front of both."""

    def __init__(self, path: Path, *, blind: float = 0, role: Role = "owner") -> None:
        self.queue = ReviewQueue(path / "q.db", terms=Terms(blind=blind, double=0))
        signer = Ed25519Signer.generate()
        self.log = AuditLog.open(path / "audit", signer=signer, deployment="claims")
        trusted = TrustedKeys.from_pem(signer.public_pem)

        def append(deployment: str, record: Reviewed) -> None:
            assert deployment == "claims"
            self.log.append(record)

        self.entrance = LoopbackEntrance(Person(id="ann", role=role))
        sources = Sources(
            queue=self.queue,
            log=lambda: LogReader(path / "audit", trusted),
            append=append,
        )
        app = console(sources, self.entrance, hosts=("testserver",))
        self.client = TestClient(app)

    def enter(self) -> None:
        assert self.client.get(f"/enter/{self.entrance.link}").status_code == 200

    def opened(self) -> Ticket:
        finding = Finding(
            provision="advice-is-reviewed",
            layer="sector",
            action=Action.ESCALATE,
            detector="condition",
            stage="reply",
            location="content",
        )
        return self.queue.open(
            Draft(
                deployment="claims",
                request_id="req_1",
                stage="reply",
                judged=b'{"text":"%s"}' % HOSTILE.encode(),
                released=b'{"content":[]}',
                constitution=CONSTITUTION,
                findings=(finding,),
            )
        )

    def decided(self, ticket: Ticket, **changes: str) -> int:
        page = self.client.get(f"/tickets/{ticket.id}").text
        found = re.search(r'name="token" value="([0-9a-f]+)"', page)
        form = {"token": found[1] if found else "", "verdict": "allow", "reason": "ok"}
        answer = self.client.post(f"/tickets/{ticket.id}", data=form | changes)
        return int(answer.status_code)


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.enter()
    return made


@pytest.mark.parametrize("page", ["/", "/audit", "/audit/00/1", "/tickets/rev_1"])
def test_nobody_enters_without_the_link(tmp_path: Path, page: str) -> None:
    assert World(tmp_path).client.get(page).status_code == 403


def test_the_link_works_once(world: World) -> None:
    assert world.entrance.link == ""
    assert world.client.get("/enter/").status_code == 404
    assert world.client.get("/enter/anything").status_code == 403


def test_a_decision_is_recorded_and_settles_the_ticket(world: World) -> None:
    ticket = world.opened()
    assert world.decided(ticket) == 200
    settled = world.queue.result(ticket.id)
    assert settled is not None
    assert (settled.verdict, settled.reviewers) == ("allow", ("ann",))
    page = world.client.get("/audit?kind=reviewed").text
    (link,) = re.findall(r'href="(/audit/[^"/]+/\d+)"', page)
    record = world.client.get(link).text
    assert ticket.id in record
    assert "Not sealed yet" in record
    world.log.seal()
    assert "Sealed in segment" in world.client.get(link).text


def test_what_a_model_wrote_is_escaped(world: World) -> None:
    page = world.client.get(f"/tickets/{world.opened().id}").text
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert "<img" not in page


def test_what_a_reviewer_wrote_is_escaped_in_the_log(world: World) -> None:
    world.decided(world.opened(), reason=HOSTILE)
    page = world.client.get("/audit").text
    (link,) = re.findall(r'href="(/audit/[^"/]+/\d+)"', page)
    assert "<script" not in world.client.get(link).text


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"token": ""}, 403),
        ({"token": "0" * 64}, 403),
        ({"verdict": "maybe"}, 400),
        ({"reason": " "}, 409),
        ({"reason": "x" * 2_000_000}, 413),
    ],
)
def test_a_form_that_is_not_whole_decides_nothing(
    world: World, changes: dict[str, str], code: int
) -> None:
    ticket = world.opened()
    assert world.decided(ticket, **changes) == code
    assert world.queue.result(ticket.id) is None


def test_a_form_for_one_ticket_decides_no_other(world: World) -> None:
    one, other = world.opened(), world.opened()
    page = world.client.get(f"/tickets/{one.id}").text
    token = re.findall(r'name="token" value="([0-9a-f]+)"', page)[0]
    assert world.decided(other, token=token) == 403


def test_a_ticket_is_decided_once(world: World) -> None:
    ticket = world.opened()
    page = world.client.get(f"/tickets/{ticket.id}").text
    token = re.findall(r'name="token" value="([0-9a-f]+)"', page)[0]
    assert world.decided(ticket) == 200
    assert world.decided(ticket, token=token, verdict="deny") == 409


def test_a_blind_ticket_hides_the_guards_opinion(tmp_path: Path) -> None:
    world = World(tmp_path, blind=1)
    world.enter()
    ticket = world.opened()
    for page in ("/", f"/tickets/{ticket.id}"):
        assert "advice-is-reviewed" not in world.client.get(page).text


def test_the_guards_opinion_is_shown_otherwise(world: World) -> None:
    assert (
        "advice-is-reviewed" in world.client.get(f"/tickets/{world.opened().id}").text
    )


@pytest.mark.parametrize(
    ("role", "page", "code"),
    [
        ("auditor", "/audit", 200),
        ("auditor", "/tickets/{}", 403),
        ("reviewer", "/tickets/{}", 200),
        ("reviewer", "/audit", 403),
    ],
)
def test_a_role_sees_its_own_pages(
    tmp_path: Path, role: Role, page: str, code: int
) -> None:
    world = World(tmp_path, role=role)
    world.client.get(f"/enter/{world.entrance.link}")
    answer = world.client.get(page.format(world.opened().id))
    assert answer.status_code == code


@pytest.mark.parametrize("page", ["/", "/audit", "/style.css", "/nowhere"])
def test_every_response_forbids_scripts_frames_and_caches(
    world: World, page: str
) -> None:
    headers = world.client.get(page).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["cache-control"] == "no-store"


def test_another_host_name_is_refused(world: World) -> None:
    answer = world.client.get("/", headers={"host": "evil.example"})
    assert answer.status_code == 400


def test_filters_leave_out_what_does_not_fit(world: World) -> None:
    world.decided(world.opened())
    page = world.client.get("/audit?provision=advice-is-reviewed").text
    assert 'href="/audit/' in page
    for query in ("provision=other", "kind=attempt", "since=9", "until=1"):
        assert 'href="/audit/' not in world.client.get(f"/audit?{query}").text
