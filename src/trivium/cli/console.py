"""`trivium console`: the web page of reviewers and auditors."""

from pathlib import Path

import click

from trivium.audit import LogReader, Reviewed, earlier_keys, load_or_create
from trivium.client.loading import audit_key, open_log, review_queue
from trivium.errors import ConfigurationError
from trivium.review import ReviewQueue
from trivium.vocabulary.envelope import TrustedKeys


@click.command("console")
@click.option(
    "--audit",
    "directory",
    required=True,
    envvar="TRIVIUM_AUDIT_DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of the audit log (TRIVIUM_AUDIT_DIR).",
)
@click.option(
    "--queue",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    envvar="TRIVIUM_REVIEWS",
    help="File of the review queue (TRIVIUM_REVIEWS); by default beside the log.",
)
@click.option("--reviewer", help="On this machine alone: who you are.")
@click.option(
    "--settings",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Behind a proxy: who may come in (docs/console.md).",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="With --settings.")
@click.option("--port", type=click.IntRange(1, 65535), default=8321, show_default=True)
def command(
    directory: Path,
    queue: Path | None,
    reviewer: str | None,
    settings: Path | None,
    host: str,
    port: int,
) -> None:
    """Open the web page of reviewers and auditors.

    With `--reviewer` it is for this machine alone and prints a link that works once;
    the name is taken as given. With `--settings` it verifies the assertion of the proxy
    in front of it.
    """
    if (reviewer is None) == (settings is None):
        raise click.UsageError("Give --reviewer, or else --settings.")
    if settings is None and host != "127.0.0.1":
        raise click.UsageError("Another --host needs --settings: a proxy's proof.")
    try:
        import uvicorn

        from trivium.console.app import Sources, console
    except ImportError as error:
        raise ConfigurationError(
            f"The console needs packages that are not installed ({error.name}).",
            next_step="Run `pip install 'trivium[console]'`.",
        ) from error
    from trivium.console.entrance import Entrance, LoopbackEntrance, Person
    from trivium.console.settings import entrance, read_settings

    def append(deployment: str, record: Reviewed) -> None:
        with open_log(directory, deployment) as log:
            log.append(record)

    def reader() -> LogReader:
        key = audit_key(directory)
        own = load_or_create(key).public_pem
        return LogReader(directory, TrustedKeys.from_pem(own + earlier_keys(key)))

    came: Entrance
    if settings is None:
        came = LoopbackEntrance(Person(id=reviewer or "", role="owner"))
        hosts: tuple[str, ...] = ("127.0.0.1", "localhost")
        click.echo(f"http://127.0.0.1:{port}/enter/{came.link}")
        click.echo("The link works once. Stop the console with Ctrl-C.", err=True)
    else:
        read = read_settings(settings)
        came, hosts = entrance(read), read.hosts
    sources = Sources(
        queue=ReviewQueue(review_queue(queue, directory)), log=reader, append=append
    )
    # No access log: it would print the link's secret.
    uvicorn.run(
        console(sources, came, hosts=hosts),
        host=host,
        port=port,
        access_log=False,
        log_level="warning",
        server_header=False,
    )
