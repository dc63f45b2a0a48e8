"""The `trivium` command as the rehearsal uses it: as a platform team signs, and as a
reviewer verifies."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from trivium.errors import TriviumError
from trivium.vocabulary import deployment as vocabulary
from trivium.vocabulary import envelope
from trivium_rehearsal.places import Places, public_half
from trivium_rehearsal.stack import replace

VALID_DAYS = 30
"""How long a rehearsal's descriptor is valid: long enough to come back to, short enough
to see it expire."""


def trivium(*arguments: str, env: Mapping[str, str], may_refuse: bool = False) -> str:
    """Run the `trivium` command and return its standard output. Raises `TriviumError`
    when it fails; `may_refuse` accepts a verdict that is no."""
    done = subprocess.run(
        [sys.executable, "-m", "trivium", *arguments],
        env=dict(env),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode and not (may_refuse and done.returncode == 1 and done.stdout):
        raise TriviumError(
            f"`trivium {' '.join(arguments[:2])}` failed (exit {done.returncode}):"
            f" {done.stderr.strip()}"
        )
    return done.stdout


def signed(
    deployment: vocabulary.Deployment, places: Places, env: Mapping[str, str]
) -> vocabulary.Deployment:
    """Sign the draft with `trivium deployment sign`; the descriptor as it was
    signed."""
    places.descriptor.parent.mkdir(exist_ok=True)
    places.key.parent.mkdir(exist_ok=True, mode=0o700)
    replace(places.draft, vocabulary.encode(deployment))
    if not places.key.exists():
        trivium("deployment", "keygen", str(places.key), env=env)
    trivium(
        *("deployment", "sign", str(places.draft), "--key", str(places.key)),
        *("--valid-days", str(VALID_DAYS), "--out", str(places.descriptor)),
        env=env,
    )
    show_public(places.key, env)
    shown = trivium(
        "deployment",
        "show",
        str(places.descriptor),
        "--trust",
        str(places.public_key),
        "--json",
        env=env,
    )
    return vocabulary.from_plain(json.loads(shown))


def show_public(key: Path, env: Mapping[str, str]) -> None:
    """Write the public half beside a key, where a run was killed before it did."""
    if not public_half(key).exists():
        public = trivium("deployment", "public-key", "--key", str(key), env=env)
        replace(public_half(key), public.encode())


def recorded(places: Places, env: Mapping[str, str]) -> int:
    """Records of requests that the audit log holds already: also those of a run that
    was killed before they were sealed."""
    if not places.audit.exists() or not places.audit_key.exists():
        return 0
    show_public(places.audit_key, env)
    return of_requests(verified(places, env))


def of_requests(audit: Mapping[str, Any]) -> int:
    """Records of requests, in what `trivium audit verify` says. Any: its JSON."""
    return sum(int(audit["kinds"].get(kind, 0)) for kind in ("opened", "attempt"))


def verified(places: Places, env: Mapping[str, str]) -> dict[str, Any]:
    """What `trivium audit verify` says, also when it says no. Any: its JSON."""
    arguments = (
        "audit",
        "verify",
        str(places.audit),
        "--key",
        str(public_half(places.audit_key)),
        "--json",
    )
    verified: dict[str, Any] = json.loads(trivium(*arguments, env=env, may_refuse=True))
    return verified


def evaluated(places: Places, env: Mapping[str, str]) -> dict[str, Any]:
    """What an evaluation of the deployment says: the baseline's own suite, asked of the
    smallest tier. Each rehearsal evaluates anew, because its descriptor is new. Any:
    the JSON of its report."""
    shutil.rmtree(places.evaluation, ignore_errors=True)
    trivium(
        *("eval", "run", "pack:baseline", "--ask", "haiku"),
        *("--out", str(places.evaluation)),
        env=env,
    )
    results = json.loads((places.evaluation / "results.json").read_bytes())
    found: dict[str, Any] = results
    return found


def trusting(places: Places) -> dict[str, str]:
    """The variables with which an application finds its deployment."""
    return {
        "TRIVIUM_DEPLOYMENT": str(places.descriptor),
        "TRIVIUM_TRUSTED_KEYS": str(places.public_key),
        "TRIVIUM_AUDIT_DIR": str(places.audit),
        "TRIVIUM_AUDIT_KEY": str(places.audit_key),
    }


def signer(places: Places) -> str:
    """Id of the key that signed the descriptor."""
    document = msgspec.json.decode(
        places.descriptor.read_bytes(), type=envelope.Envelope
    )
    return document.signatures[0].keyid
