"""What the guard finds in ordinary text: nothing, but for what is named here.

The texts are everyday prose, code, configuration and logs (`ordinary.yaml`), and every
paragraph of this repository's own documentation and code.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.guard import worlds
from trivium.guard import Guard
from trivium.vocabulary.decision import Action

ROOT = Path(__file__).parents[2]
GUARD = Guard(worlds.PACKS)
TEXTS = yaml.safe_load((Path(__file__).parent / "ordinary.yaml").read_text())

MEANT = re.compile(
    r"EXAMPLE|4111|3782|5555|GB82|DE89|943.?476|536.?90|xK9mP2|S3cr3t|PRIVATE KEY"
    r"|@example|@acme|@other|glpat-|ghp_|xox|AKIA|p4ssw0rd|MIIE|postgres|eyJ|JQQJ9"
    r"|sk-|AIza|GOCSPX|\+44|\+1|555-0|Secr3t|0800|AccountKey|token|password|secret"
)
"""What examples of secrets and of personal data are written with in this repository:
paragraphs with it are not ordinary."""


def test_there_is_enough_to_measure() -> None:
    assert len(TEXTS) >= 70
    assert len(list(paragraphs())) >= 2000


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text[:40])
def test_nothing_is_found_in_an_everyday_text(text: str) -> None:
    checked = GUARD.check_request(worlds.request(text), worlds.context())
    assert checked.decision.findings == ()
    assert checked.value.messages[0].content == text


def test_nothing_is_stopped_in_this_repository() -> None:
    found = {
        (where, finding.detector)
        for where, text in paragraphs()
        for finding in GUARD.check_request(
            worlds.request(text), worlds.context()
        ).decision.findings
        if finding.action > Action.LOG
    }
    assert found == set()


def paragraphs() -> Iterator[tuple[str, str]]:
    """Each paragraph of the documentation and the code that shows no secret on
    purpose."""
    for folder, ending in (("docs", "md"), ("src", "py"), ("components", "py")):
        for file in sorted((ROOT / folder).rglob(f"*.{ending}")):
            for text in file.read_text(encoding="utf-8").split("\n\n"):
                if text.strip() and not MEANT.search(text):
                    yield str(file.relative_to(ROOT)), text
