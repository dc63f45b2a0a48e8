"""What one sample of an evaluation came to, and what stays secret about it.

The law of this file: an outcome can be shown to anybody. It holds no prompt and no
reply, only a commitment to both, which its salt opens.
"""

import hashlib
import secrets
from typing import Literal

from trivium.vocabulary.envelope import canonical, digest
from trivium.vocabulary.record import Record

GUARD = "guard"
"""Named as the judge where the deployment's own guard decided: there is no error of
judgement to take out, the decision is the thing measured."""

SALT_BYTES = 32
"""As long as the digest, so that guessing a short prompt costs as much as guessing the
salt."""

Ended = Literal["answered", "refused"]
"""`answered`: a reply came back. `refused`: a provision refused the request or the
reply. What failed for another reason is no outcome."""


class Judged(Record, frozen=True, kw_only=True):
    """What one judge said about one provision."""

    provision: str
    breached: bool | None
    """None where the judge could not decide; that is never counted as kept."""
    judge: str = GUARD
    """Name of the judge."""
    inverted: bool = False
    """Whether a breach is what the judge does *not* find: a refusal judge in a scenario
    that must be refused. Its sensitivity and specificity then change places."""


class Outcome(Record, frozen=True, kw_only=True, omit_defaults=False):
    """One sample: a scenario, asked once."""

    hypothesis: str
    """The sample's id, the same in every run of the same suite."""
    scenario: str
    """The scenario's id, with its attack."""
    seed: str
    """The prompt that it is a variant of; variants of one seed resemble each other."""
    attack: str
    """Name of the attack; `none` for the plain prompt."""
    repeat: int
    """0, 1, 2, … where a scenario is asked several times."""
    asked: str
    """The tier, role or route that was asked for."""
    ended: Ended
    judged: tuple[Judged, ...]
    """One for each provision that the scenario tests."""
    commitment: str
    """`sha256:` over the salt and the conversation."""
    tier: str = ""
    route: str = ""
    """The route that answered; "" where nothing was sent."""
    model: str = ""
    """The model as the provider names it; "" where nothing was sent."""
    action: str = "ALLOW"
    """The strictest action of the guard."""
    cost_usd: float | None = None
    """List price, judges included; None where the catalogue does not know a model."""
    latency_s: float = 0.0
    input_tokens: int = 0
    output_tokens: int = 0
    requests: tuple[str, ...] = ()
    """Request ids, as in the audit log, in order."""


class Opening(Record, frozen=True, kw_only=True):
    """What opens a commitment: to be kept with those who may see prompts."""

    salt: str
    """Lower-case hex."""
    conversation: str = ""
    """JSON text of the turns in the Messages shape, with the reply; "" where the run
    keeps no text."""


def commit(conversation: str) -> tuple[str, Opening]:
    """A commitment to a conversation (JSON text), and what opens it."""
    salt = secrets.token_hex(SALT_BYTES)
    opening = Opening(salt=salt, conversation=conversation)
    return _commitment(opening), opening


def opens(commitment: str, opening: Opening) -> bool:
    """Whether this salt and conversation are what was committed to."""
    return commitment == _commitment(opening)


def hypothesis_id(suite: str, scenario: str, asked: str, repeat: int) -> str:
    """The id of one sample: the same whenever the same suite is run."""
    named = digest(canonical([suite, scenario, asked, repeat]))
    return "h_" + named.removeprefix("sha256:")[:24]


def _commitment(opening: Opening) -> str:
    """SHA-256 over the salt's bytes and the conversation's text as it is kept."""
    text = opening.conversation.encode()
    hashed = hashlib.sha256(bytes.fromhex(opening.salt) + text)
    return "sha256:" + hashed.hexdigest()
