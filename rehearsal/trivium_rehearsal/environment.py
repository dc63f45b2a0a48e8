"""The environment of everything that a rehearsal starts: offline, private, and told
about nothing of the user's.

It is built from a list of what may pass, never by removing what may not: a variable
that nobody has thought of does not leak. HOME is a private folder as well, because
`~/.aws`, `~/.config/gcloud`, `~/.azure` and `~/.pulumi` are found by way of it. All
state is under `<root>/.trivium/`.
"""

import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

PASSED = ("COLORTERM", "LANG", "LC_ALL", "LC_CTYPE", "NO_COLOR", "TERM", "TMPDIR", "TZ")
"""The caller's variables that pass unchanged: how to speak, and where to put temporary
files."""

SYSTEM_PATH = (
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
)
"""Where the system's own programs are, and the only folders of the caller's PATH that
pass: a user's own folders may hold plugins and credential helpers."""


def state_folder(root: Path) -> Path:
    """`<root>/.trivium`, where the rehearsal of the checkout at `root` keeps
    everything."""
    return root.resolve() / ".trivium"


def rehearsal_environment(
    root: Path, *, path: Iterable[Path] = (), extra: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The whole environment for a child of the rehearsal of the checkout at `root`.

    `path` comes first in PATH (give it `Engine.path`). `extra` is added last and may
    replace anything. Makes the private folders that the variables name; reads of the
    caller's environment what is in `PASSED`, and nothing else.
    """
    state = state_folder(root)
    home, pulumi, backend = state / "home", state / "pulumi", state / "state"
    for folder in (home, pulumi, backend):
        folder.mkdir(parents=True, exist_ok=True)
    passed = {name: os.environ[name] for name in PASSED if name in os.environ}
    return (
        passed
        | _own(path, home=home, pulumi=pulumi, backend=backend)
        | dict(extra or {})
    )


def enter(environment: Mapping[str, str]) -> None:
    """Make `environment` this process's own, so that SDKs used in it cannot find the
    user's settings either."""
    os.environ.clear()
    os.environ.update(environment)


def _own(
    path: Iterable[Path], *, home: Path, pulumi: Path, backend: Path
) -> dict[str, str]:
    """What the rehearsal says itself. Names of Pulumi's variables: its
    `sdk/go/common/env/env.go`, 3.259."""
    python = Path(sys.executable)
    return {
        "PATH": os.pathsep.join(map(str, (*path, python.parent, *SYSTEM_PATH))),
        "HOME": str(home),
        # The engine records who made a change, and does not run without a name in some
        # containers.
        "USER": "rehearsal",
        "TRIVIUM_PYTHON": str(python),
        # Whatever the locale: the SDKs' files and a clone's path are not ASCII.
        "PYTHONUTF8": "1",
        # Programs run in this environment with an official language host, too.
        "PULUMI_PYTHON_CMD": str(python),
        "PULUMI_HOME": str(pulumi),
        "PULUMI_BACKEND_URL": backend.as_uri(),
        # The stack's secrets are made up at each rehearsal; an empty passphrase spares
        # a question.
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_CREDENTIAL_STORE": "plaintext",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_DISABLE_REGISTRY_RESOLVE": "true",
        "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
        # Without these the SDKs ask the metadata service of a cloud machine, if this is
        # one, for credentials.
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_GCE_CHECK": "true",
        # Some systems keep a proxy outside the environment; the stand-ins are reached
        # directly all the same.
        "NO_PROXY": "127.0.0.1,localhost",
    }
