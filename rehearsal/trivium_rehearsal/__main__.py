"""The rehearsal's commands; `make` calls them.

python -m trivium_rehearsal up python -m trivium_rehearsal preview [--project FOLDER]
[--stack NAME] [--profile NAME] [--waivers FILE] python -m trivium_rehearsal down
"""

import argparse
import errno
import os
import re
import sys
from contextlib import suppress
from pathlib import Path

from trivium.errors import TriviumError
from trivium_rehearsal.guardian import end_with_make
from trivium_rehearsal.processes import ProcessError
from trivium_rehearsal.toolchain.progress import told
from trivium_rehearsal.toolchain.room import (
    NEARLY_FULL,
    REHEARSAL_BYTES,
    demand,
    free_bytes,
    fullest,
    rehearsal_folders,
)

ROOT = Path(__file__).resolve().parents[2]
NOT_PERMITTED = (errno.EACCES, errno.EPERM, errno.EROFS)
PROFILE_VARIABLE, WAIVERS_VARIABLE = "TRIVIUM_POLICY_PROFILE", "TRIVIUM_POLICY_WAIVERS"
RULES_VARIABLE = "TRIVIUM_POLICY_RULES"
"""How the policy pack is told what to judge by (docs/policies.md)."""


def main(arguments: list[str]) -> int:
    """Run one command; the exit status: 0 done, 1 failed or a claim does not hold, 2
    usage, 130 interrupted."""
    options = _parser().parse_args(arguments)
    try:
        return _run(options)
    except KeyboardInterrupt:
        print(
            f"\ntrivium: interrupted; `make {options.command}` goes on from here.",
            file=sys.stderr,
        )
        return 130
    except ProcessError as error:
        lost = re.search(
            r"ModuleNotFoundError: No module named '([\w.]+)'", error.message
        )
        if lost and not error.message.startswith(
            "The AWS emulator"
        ):  # which has an environment of its own
            return _lost(lost[1], options.command)
        return _failed(error.message, error.next_step, options.command)
    except TriviumError as error:
        return _failed(error.message, error.next_step, options.command)
    except OSError as error:
        what = (
            f"{error.filename}: {error.strerror}"
            if error.filename
            else str(error) or type(error).__name__
        )
        mend = (
            "Give yourself the rights on it" if error.errno in NOT_PERMITTED else None
        )
        return _failed(
            f"{what}.",
            mend and f"{mend}, then run `make {options.command}` again.",
            options.command,
        )
    except ModuleNotFoundError as error:
        return _lost(str(error.name), options.command)


def _failed(message: str, next_step: str | None, command: str) -> int:
    """Say what went wrong, and one thing to do. On a full disk that is to make room,
    whatever it was that failed."""
    again = f"run `make {command}` again."
    fuller = fullest(*rehearsal_folders(ROOT))
    if free_bytes(fuller) < NEARLY_FULL:
        next_step = f"{demand(fuller, REHEARSAL_BYTES)} then {again}"
    message = message.rstrip(" \n:")
    end = "\ntrivium: " if "\n" in message else " " if message.endswith(".") else ". "
    print(f"trivium: {message}{end}{next_step or again.capitalize()}", file=sys.stderr)
    return 1


def _lost(module: str, command: str) -> int:
    """Have the next `make` make .venv anew, as after a run that was killed while making
    it (bootstrap.py)."""
    with suppress(OSError):
        (ROOT / ".venv" / "trivium.making").touch()
        (ROOT / ".venv" / "trivium.ready").unlink(missing_ok=True)
    remedy = f"Run `make {command}` again: it makes the environment anew."
    return _failed(
        f"The environment .venv has lost the module `{module}`.", remedy, command
    )


def _run(options: argparse.Namespace) -> int:
    return _COMMANDS[options.command](options)


def _up(_options: argparse.Namespace) -> int:
    from trivium_rehearsal.report import show
    from trivium_rehearsal.up import up

    with told() as progress:
        summary = up(ROOT, progress)
    show(summary)
    return 0 if summary.holds else 1


def _down(_options: argparse.Namespace) -> int:
    from trivium_rehearsal.down import down

    with told() as progress:
        down(ROOT, progress)
    return 0


def _ask(options: argparse.Namespace) -> int:
    from trivium_rehearsal.ask import ask

    return ask(ROOT, options.question, options.model)


def _preview(options: argparse.Namespace) -> int:
    from trivium_rehearsal.findings import table
    from trivium_rehearsal.preview import preview

    policy = _policy(options)
    with told() as progress:
        outcome = preview(
            ROOT,
            options.project.resolve(),
            options.stack,
            progress,
            policy=policy,
            packs=tuple(pack.resolve() for pack in options.pack),
            explain=options.explain,
        )
    judged = (
        f"{len(outcome.policies)} policies of profile `{options.profile}` gave"
        f" {outcome.verdicts} verdicts"
    )
    print(f"{outcome.resources} resources; {judged}; nothing was refused.")
    if outcome.findings:
        print(table(outcome.findings, explain=options.explain))
    for text in outcome.diagnostics:
        print(f"  {text}")
    return 0


_COMMANDS = {"up": _up, "down": _down, "ask": _ask, "preview": _preview}
"""Each imports what it needs when it runs, so that a broken environment can be
reported."""


def _policy(options: argparse.Namespace) -> dict[str, str]:
    """What the pack is told. It runs elsewhere, so a file's path is made absolute."""
    profile, waivers = options.profile, options.waivers
    profile = str(Path(profile).resolve()) if profile.endswith(".json") else profile
    told = {
        PROFILE_VARIABLE: profile,
        WAIVERS_VARIABLE: waivers and str(Path(waivers).resolve()),
        RULES_VARIABLE: os.pathsep.join(str(each.resolve()) for each in options.rules),
    }
    return {name: value for name, value in told.items() if value}


def _parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    parser = argparse.ArgumentParser(prog="python -m trivium_rehearsal")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser(
        "up", help="deploy the stack `rehearsal`, ask governed questions, verify"
    )
    commands.add_parser("down", help="destroy it and remove everything that it keeps")
    ask = commands.add_parser(
        "ask", help="ask the rehearsed deployment a question of your own"
    )
    ask.add_argument("question")
    ask.add_argument(
        "--model", default="sonnet", help="tier, role or `route/tier`; default: sonnet"
    )
    _add_preview(
        commands.add_parser(
            "preview", help="check a stack against the stand-ins and the policy pack"
        )
    )
    return parser


def _add_preview(preview: argparse.ArgumentParser) -> None:
    """The options of `preview`."""
    preview.add_argument(
        "--project",
        type=Path,
        default=ROOT,
        help="folder with a Pulumi.yaml; default: this one",
    )
    preview.add_argument(
        "--stack", default="rehearsal", help="stack name; default: rehearsal"
    )
    said = os.environ.get
    preview.add_argument(
        "--profile",
        default=said(PROFILE_VARIABLE) or "baseline",
        help="policy profile, or its file",
    )
    preview.add_argument(
        "--waivers",
        default=said(WAIVERS_VARIABLE) or "",
        help="waiver file; default: the pack's",
    )
    preview.add_argument(
        "--rules",
        type=Path,
        action="append",
        default=[],
        help="folder of an organisation's own rules; may be given again",
    )
    preview.add_argument(
        "--pack",
        type=Path,
        action="append",
        default=[],
        help="folder of a further policy pack; may be given again",
    )
    preview.add_argument(
        "--explain", action="store_true", help="say of each finding why it matters"
    )


if __name__ == "__main__":
    end_with_make()
    sys.exit(main(sys.argv[1:]))
