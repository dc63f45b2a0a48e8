"""`trivium console`: the web page of reviewers and auditors, on loopback."""

from pathlib import Path

import click

from trivium.audit import (
    AuditLog,
    LogReader,
    Reviewed,
    earlier_keys,
    load_or_create,
)
from trivium.client.loading import audit_key, review_queue
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
@click.option("--reviewer", required=True, help="Who you are: decisions name you.")
@click.option("--port", type=click.IntRange(1, 65535), default=8321, show_default=True)
def command(directory: Path, queue: Path | None, reviewer: str, port: int) -> None:
    """Open the web page of reviewers and auditors, for this machine alone.

    It prints a link that works once. Who may read the queue's file and the sealing key
    may decide; `--reviewer` is taken as given.
    """
    try:
        import uvicorn

        from trivium.console.app import Sources, console
    except ImportError as error:
        raise ConfigurationError(
            f"The console needs packages that are not installed ({error.name}).",
            next_step="Run `pip install 'trivium[console]'`.",
        ) from error
    from trivium.console.entrance import LoopbackEntrance, Person

    key = audit_key(directory)

    def append(deployment: str, record: Reviewed) -> None:
        with AuditLog.open(
            directory,
            signer=load_or_create(key),
            deployment=deployment,
            earlier_keys=earlier_keys(key),
        ) as log:
            log.append(record)

    def reader() -> LogReader:
        own = load_or_create(key).public_pem
        return LogReader(directory, TrustedKeys.from_pem(own + earlier_keys(key)))

    entrance = LoopbackEntrance(Person(id=reviewer, role="owner"))
    sources = Sources(
        queue=ReviewQueue(review_queue(queue, directory)), log=reader, append=append
    )
    click.echo(f"http://127.0.0.1:{port}/enter/{entrance.link}")
    click.echo("The link works once. Stop the console with Ctrl-C.", err=True)
    # No access log: it would print the link's secret.
    uvicorn.run(
        console(sources, entrance, hosts=("127.0.0.1", "localhost")),
        host="127.0.0.1",
        port=port,
        access_log=False,
        log_level="warning",
        server_header=False,
    )
