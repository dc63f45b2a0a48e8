"""What pip, uv and Go have in common for us: what they say, and where they get things
from.

The standard library alone is imported, because rehearsal/bootstrap.py uses this before
anything is installed.
"""

import ast
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from trivium_rehearsal.toolchain.room import (
    NEARLY_FULL,
    demand,
    free_bytes,
    fullest,
    temporary,
)

AGAIN = "then run the same command again; it goes on from here."

ROOM_BYTES = 3_000_000_000
"""What is asked for when a disk is full: the environment (1.3 GB) and uv's cache of it,
on one disk or on two."""

FULL = r"no space left|os error 28|errno 28|disk quota"
REMEDIES = (
    (FULL, f"The disk is full. Free 3 GB of space, {AGAIN}"),
    (
        r"hash(es)? (mismatch|do not match)|do not match the hashes",
        (
            "A package is not the one that was pinned: its hash differs. Clear the"
            f" caches of pip and uv, {AGAIN}"
        ),
    ),
    (
        (
            r"dns|resolve host|name resolution|connect|timed?"
            r" ?out|network|unreachable|no such host|certificate|proxy"
        ),
        (
            "The package index cannot be reached. Check the network and pip's index,"
            f" proxy and certificates, {AGAIN}"
        ),
    ),
    (
        r"no wheels? with a matching|no (matching|compatible) distribution|not find a"
        r" version|no solution found"
        r"|not compatible|was not found in|no such version",
        (
            "A package has no build for this Python and machine. Use CPython 3.11 to"
            f" 3.13 on Linux or macOS, {AGAIN}"
        ),
    ),
    (
        r"permission denied|os error 13|read-only",
        (
            "A file cannot be read or cannot be written. Give yourself the rights on"
            f" it and its folder, {AGAIN}"
        ),
    ),
)
"""What installers say, in lower case, and what to do. The first that matches counts."""

_ADDRESS = re.compile(
    r"""[a-z][a-z0-9+.-]*://[^\s'"`)>,]+
    | (?<=\blookup\ )\S+(\ on\ \S+)?
    | (?<=\bdial\ (?:tcp|udp)\ )[\d.:\[\]a-f]+
    | (?<=\bhost=)'[^']*' """,
    re.IGNORECASE | re.VERBOSE,
)
"""Addresses as uv, Go and pip write them: a URL, `lookup <host> on <server>`,
`dial tcp <address>`, `host='…'`."""


def remedy(said: str, *written: Path) -> str:
    """One instruction for what an installer said that writes into the folders
    `written`: of a full disk, which one."""
    lower = said.lower()
    if written:
        fuller = fullest(*written)
        if re.search(FULL, lower) or free_bytes(fuller) < NEARLY_FULL:
            return f"{demand(fuller, ROOM_BYTES)} {AGAIN}"
    return next(
        (todo for pattern, todo in REMEDIES if re.search(pattern, lower)),
        "Run the same command again.",
    )


def written_by_uv(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Where uv writes besides its target: its cache, and the system's temporary
    folder."""
    home = Path(
        environ.get("XDG_CACHE_HOME") or Path(environ.get("HOME") or "/") / ".cache"
    )
    return Path(environ.get("UV_CACHE_DIR") or home / "uv"), temporary(environ)


def without_hosts(text: str) -> str:
    """`text` without the addresses in it: where a machine gets its packages from is
    nobody's business but its own."""
    return _ADDRESS.sub("<address>", text)


def uv_environment(python: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` with pip's index, mirror and certificates told to uv, which does not
    read pip's settings.

    `python` is one that has pip. Someone who has configured uv itself is left alone.
    """
    configured = [
        Path(folder) / "uv" / "uv.toml"
        for folder in (environ.get("XDG_CONFIG_HOME", ""), "/etc")
        if folder
    ]
    configured.append(Path(environ.get("HOME", "/")) / ".config" / "uv" / "uv.toml")
    if any(file.exists() for file in configured):
        return dict(environ)
    asked = [str(python), "-m", "pip", "config", "list"]
    told = subprocess.run(
        asked,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return {**uv_settings(told.stdout if told.returncode == 0 else ""), **environ}


def uv_settings(pip_config: str) -> dict[str, str]:
    """uv's variables for what `pip config list` printed: later lines win, as they do
    for pip."""
    found = dict[str, str]()
    for line in pip_config.splitlines():
        match = re.fullmatch(
            r"(?:global|install|:env:)\.([a-z-]+)=('.*'|\".*\")", line.strip()
        )
        if match:
            found[match[1]] = str(ast.literal_eval(match[2])).strip()
    settings = {
        "UV_DEFAULT_INDEX": found.get("index-url", ""),
        "UV_INDEX": " ".join(found.get("extra-index-url", "").split()),
        "UV_FIND_LINKS": ",".join(found.get("find-links", "").split()),
        "SSL_CERT_FILE": found.get("cert", ""),
    }
    return {name: value for name, value in settings.items() if value}


__all__ = [
    "AGAIN",
    "REMEDIES",
    "remedy",
    "uv_environment",
    "uv_settings",
    "without_hosts",
    "written_by_uv",
]
