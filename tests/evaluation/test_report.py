"""The report: what a model or a file wrote stays text, and figures come in words."""

import json as jsons
import re
from html.parser import HTMLParser
from xml.etree import ElementTree as Xml

from tests.evaluation.fakes import JUDGE, breaches, outcome, results, run_of
from trivium.evaluation.gate import Bound, Criteria, judge
from trivium.evaluation.journal import JudgeRef
from trivium.evaluation.outcome import Judged
from trivium.evaluation.report import Report, html, in_words, json, junit
from trivium.evaluation.results import Results

EVIL = '"><script>alert(1)</script><img src=x onerror=alert(1)>\x1b'


class _Tags(HTMLParser):
    """The tags and attributes of a page, and whether every tag is closed."""

    VOID = frozenset({"meta", "br", "img", "link", "input"})

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def evaluated(at_most: float = 0.1, breached: int = 20, **run: object) -> Report:
    criteria = Criteria(
        criteria="release",
        provisions={"no-advice": Bound(breaches_at_most=at_most)},
    )
    made = breaches(breached, 400)
    found = results(*made, run=run_of(400, criteria=criteria.digest, **run))
    return Report(results=found, criteria=criteria, gate=judge(criteria, found))


def poisoned() -> Report:
    """Everything that comes from outside says the same evil thing."""
    made = [
        outcome(
            n,
            Judged(provision=EVIL, breached=True, judge=EVIL),
            seed=f"{n}",
            route=f"{EVIL}{n}",
            attack=EVIL if n % 2 else "none",
        )
        for n in range(4)
    ]
    judges = (JudgeRef(name=EVIL),)
    run = run_of(
        9, suite=EVIL, deployment=EVIL, models=(EVIL,), asked=(EVIL,), judges=judges
    )
    found = Results(
        run=run, outcomes={each.hypothesis: each for each in made}, stopped=EVIL
    )
    return Report(
        results=found, titles={EVIL: EVIL}, verified=(EVIL,), unverified=(EVIL,)
    )


def test_what_comes_from_outside_stays_text() -> None:
    page = html(poisoned())
    tags = _Tags()
    tags.feed(page)
    assert tags.open == []
    assert not tags.tags & {"script", "img", "iframe", "object", "link"}
    assert not {name for name in tags.attributes if name.startswith("on")}
    assert page.count("&lt;script&gt;") > 8


def test_every_page_is_well_formed_and_loads_nothing() -> None:
    for report in (evaluated(), evaluated(0.01), poisoned()):
        page = html(report)
        tags = _Tags()
        tags.feed(page)
        assert tags.open == []
        assert "default-src 'none'" in page
        assert not re.search(r"url\(|@import|https?:", page)


def test_a_passed_gate_says_so_with_bound_and_judge() -> None:
    page = html(evaluated())
    assert "<strong>Passed</strong>" in page
    assert "at most 10.0 %" in page
    assert "90.0 % (87.1 % to 92.3 %) of what people labelled positive" in page
    assert JUDGE.labels in page


def test_a_broken_gate_says_why() -> None:
    page = html(evaluated(0.01))
    assert "<strong>Not passed</strong>" in page
    assert "bound 1.0 %" in page
    assert "not shown to be kept" in page


def test_a_partial_run_says_so_before_any_figure() -> None:
    found = results(*breaches(1, 9), run=run_of(20), stopped="the budget is spent")
    page = html(Report(results=found))
    assert "This run is partial: 11 of 20 samples have no outcome." in page
    assert "the budget is spent" in page
    assert page.index("partial") < page.index("What was found")


def test_a_rehearsal_is_never_taken_for_claude() -> None:
    assert "not Claude" in html(evaluated())
    assert "not Claude" not in html(evaluated(rehearsal=False))


def test_what_could_not_be_verified_is_listed() -> None:
    run = run_of(10, suite_signer="", judges=(JudgeRef(name="advice"),))
    undecided = outcome(
        99, Judged(provision="no-advice", breached=None, judge="advice")
    )
    found = Report(results=results(*breaches(1, 9), undecided, run=run))
    told = jsons.loads(json(found))["not_verifiable"]
    assert told == [
        "Who wrote the suite: it is not signed.",
        "That bounds were set before the run: none were registered.",
        "The error of judge advice: it was never measured.",
        "no-advice: 1 samples, which no judge could decide.",
    ]


def test_a_figure_in_words_says_whether_it_was_corrected() -> None:
    figure = results(*breaches(40, 400)).of("no-advice")
    assert figure is not None
    assert in_words(figure) == (
        "40 of 400 samples were judged a breach; with the judge's error taken out, the"
        " rate is between 2.0 % and 10.2 %, most likely 5.9 %."
    )
    plain = results(*breaches(4, 400, judge="other")).of("no-advice")
    assert plain is not None
    assert "not corrected for the judge's error" in in_words(plain)


def test_junit_has_a_case_for_each_provision_and_one_for_the_run() -> None:
    root = Xml.fromstring(junit(evaluated(0.01, suite_signer="")))
    assert (root.get("tests"), root.get("failures")) == ("2", "2")
    told = {
        case.get("name"): [each.get("message") for each in case.findall("failure")]
        for case in root
    }
    assert told["run"] == ["the suite `finance` is not signed"]
    assert (told["no-advice"][0] or "").startswith("the rate of breaches")


def test_junit_of_a_passed_gate_has_no_failure() -> None:
    root = Xml.fromstring(junit(evaluated()))
    assert root.get("failures") == "0"
    assert not root.findall(".//failure")


def test_junit_survives_what_xml_cannot_write() -> None:
    assert Xml.fromstring(junit(poisoned())).get("tests") == "2"


def test_json_says_the_same_without_any_text_of_a_conversation() -> None:
    plain = jsons.loads(json(evaluated()))
    assert plain["gate"]["passed"] is True
    assert plain["figures"][0]["corrected"] is True
    assert len(plain["outcomes"]) == 400
    assert "conversation" not in plain["outcomes"][0]
