"""`trivium` on the command line: one file a command group, loaded when it is called."""

import importlib
import logging
import sys
from typing import Any

import click

from trivium.errors import TriviumError

_COMMANDS = {
    "ask": "Ask one question through the deployment, governed and recorded.",
    "audit": "Verify the audit log.",
    "console": "Open the web page of reviewers and auditors.",
    "deployment": "Show, check and sign deployment descriptors.",
    "doctor": "Check whether this machine can use its deployment.",
    "eval": "Evaluate the deployment against a suite of scenarios.",
    "reviews": "List, show and decide what a person must decide.",
}


class _Lazy(click.Group):
    """Imports a command's module only when it is used, so that `trivium --help` stays
    quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's signature
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        if name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"trivium.cli.{name}").command
        return command

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002
        formatter: click.HelpFormatter,
    ) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(sorted(_COMMANDS.items()))


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="trivium")
def command() -> None:
    """Use and check a governed Claude deployment."""


def main(arguments: list[str] | None = None) -> None:
    """Entry point. Exit status: 0 done, 1 refused or failed, 2 wrong usage, 130
    interrupted."""
    # What azure-identity says of each place where it looked for a credential would bury
    # our own error.
    logging.getLogger("azure").addHandler(logging.NullHandler())
    try:
        code = command.main(args=arguments, prog_name="trivium", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)
    except TriviumError as error:
        click.echo(f"trivium: {error}", err=True)
        for problem in getattr(error, "problems", ()):
            click.echo(f"  - {problem}", err=True)
        sys.exit(1)
    sys.exit(code or 0)  # commands return nothing; `Exit` comes back as its code


def print_json(value: Any) -> None:
    """One JSON document on standard output. Any: whatever a command reports."""
    import msgspec

    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))


__all__ = ["main"]
