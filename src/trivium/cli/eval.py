"""`trivium eval`: run a suite against the deployment, and judge what came of it."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trivium.cli import print_json
from trivium.errors import EvaluationError

if TYPE_CHECKING:
    from trivium.constitution import Constitution
    from trivium.evaluation.folder import Order
    from trivium.evaluation.gate import Criteria
    from trivium.evaluation.results import Change, Results
    from trivium.vocabulary.envelope import Ed25519Signer, TrustedKeys

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_CRITERIA = click.option(
    "--criteria", type=_FILE, help="Criteria file (YAML): a bound per provision."
)
_KEYS = click.option(
    "--key",
    "keys",
    multiple=True,
    envvar="TRIVIUM_EVALUATION_PUBLIC_KEY",
    type=_FILE,
    help="Public key (PEM) that the statement must be signed with.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_DEPLOYMENT = click.option(
    "--deployment", envvar="TRIVIUM_DEPLOYMENT", help="Signed descriptor: path or URL."
)
_TRUST = click.option(
    "--trust", envvar="TRIVIUM_TRUSTED_KEYS", help="Public key (PEM) that signed it."
)


@click.group("eval")
def command() -> None:
    """Evaluate the deployment against a suite of scenarios."""


@command.command("run")
@click.argument("suite")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="The run's folder."
)
@_CRITERIA
@click.option(
    "--ask",
    "asked",
    multiple=True,
    default=("sonnet",),
    show_default=True,
    help="Tier, role or route; several are asked in turn.",
)
@click.option("--repeats", default=1, show_default=True, type=click.IntRange(1))
@click.option("--concurrency", default=32, show_default=True, type=click.IntRange(1))
@click.option(
    "--error-budget",
    default=20,
    show_default=True,
    type=click.IntRange(0),
    help="Samples that may fail before the run stops.",
)
@click.option("--ceiling-usd", type=float, help="List price not to be exceeded.")
@click.option("--no-text", is_flag=True, help="Keep no conversations, only salts.")
@click.option(
    "--calibration",
    "calibrations",
    multiple=True,
    type=_FILE,
    help="A judge's calibration, by `trivium eval calibrate`.",
)
@click.option(
    "--suite-key", type=_FILE, help="Public key that the suite must be signed with."
)
@click.option(
    "--sign",
    "signing_key",
    envvar="TRIVIUM_EVALUATION_KEY",
    type=_FILE,
    help="Private key (PEM) for the registration and the statement.",
)
@_DEPLOYMENT
@_TRUST
def run_command(
    suite: str,
    out: Path,
    criteria: Path | None,
    asked: tuple[str, ...],
    repeats: int,
    concurrency: int,
    error_budget: int,
    ceiling_usd: float | None,
    no_text: bool,
    calibrations: tuple[Path, ...],
    suite_key: Path | None,
    signing_key: Path | None,
    deployment: str | None,
    trust: str | None,
) -> None:
    """Ask every scenario of SUITE, a file or `pack:NAME`.

    A run that was stopped or killed continues where it was. Exit status 1 if samples
    are left without an outcome."""
    from trivium.evaluation.calibration import read_calibration
    from trivium.evaluation.folder import Order
    from trivium.evaluation.planning import read_suite
    from trivium.evaluation.runner import Limits

    trusted = _trusted((suite_key,) if suite_key else ())
    read, signer = read_suite(suite, trusted)
    order = Order(
        suite=read,
        suite_signer=signer,
        asked=asked,
        repeats=repeats,
        judges=tuple(read_calibration(path).reference for path in calibrations),
        criteria=_criteria(criteria),
        limits=Limits(
            concurrency=concurrency,
            error_budget=error_budget,
            ceiling_usd=ceiling_usd,
            keep_text=not no_text,
        ),
        signer=_signer(signing_key),
    )
    results = asyncio.run(_run(order, out, deployment, trust))
    click.echo(_summary(results, out), err=True)
    if not results.complete:
        raise click.exceptions.Exit(1)


async def _run(
    order: "Order", out: Path, deployment: str | None, trust: str | None
) -> "Results":
    """Run an order against the deployment, and write the reports."""
    from trivium import AsyncClient
    from trivium.evaluation.folder import evaluate, write_reports
    from trivium.evaluation.progress import shown

    async with AsyncClient.from_deployment(deployment, trust=trust) as client:
        with shown() as watch:
            results = await evaluate(
                client.messages, client.deployment, out, order, watch=watch
            )
    stated = _constitution(deployment, trust).provisions
    titles = {provision.id: provision.title for _, provision in stated}
    write_reports(out, criteria=order.criteria, titles=titles)
    return results


@command.command("gate")
@click.argument("folder", type=_FOLDER)
@click.option("--criteria", required=True, type=_FILE, help="The registered criteria.")
@_KEYS
@_JSON
def gate_command(
    folder: Path, criteria: Path, keys: tuple[Path, ...], as_json: bool
) -> None:
    """Whether the run in FOLDER keeps its criteria, in one line. Exit status 1 if a
    bound is broken, or not shown to be kept."""
    from trivium.evaluation.folder import gate_of
    from trivium.evaluation.gate import read_criteria

    gate = gate_of(folder, read_criteria(criteria), _trusted(keys))
    if as_json:
        print_json(gate)
    else:
        click.echo(gate.line)
    if not gate.passed:
        raise click.exceptions.Exit(1)


@command.command("report")
@click.argument("folder", type=_FOLDER)
@_CRITERIA
@_KEYS
def report_command(folder: Path, criteria: Path | None, keys: tuple[Path, ...]) -> None:
    """Write report.html, results.json and junit.xml for the run in FOLDER."""
    from trivium.evaluation.folder import write_reports

    written = write_reports(
        folder, criteria=_criteria(criteria), trusted=_trusted(keys)
    )
    for path in written:
        click.echo(path)


@command.command("compare")
@click.argument("first", type=_FOLDER)
@click.argument("second", type=_FOLDER)
@_JSON
def compare_command(first: Path, second: Path, as_json: bool) -> None:
    """What changed from the run in FIRST to the run in SECOND, of the same suite: exact
    tests over pairs, adjusted over provisions (Holm)."""
    from trivium.evaluation.folder import read_results
    from trivium.evaluation.results import compare

    changes = compare(read_results(first), read_results(second))
    if as_json:
        print_json(changes)
        return
    for change in changes:
        click.echo(_changed(change))


@command.command("power")
@_CRITERIA
@click.option("--suite", help="Whether this suite can show the criteria.")
@click.option("--repeats", default=1, show_default=True, type=click.IntRange(1))
@click.option("--gained", type=float, help="Share of pairs expected to get worse.")
@click.option("--lost", type=float, help="Share of pairs expected to get better.")
@click.option("--samples", type=click.IntRange(1), help="Pairs; else they are found.")
@click.option("--power", "wanted", default=0.8, show_default=True, type=float)
def power_command(
    criteria: Path | None,
    suite: str | None,
    repeats: int,
    gained: float | None,
    lost: float | None,
    samples: int | None,
    wanted: float,
) -> None:
    """Before a run: whether it could show what it is run for. Exit status 1 if a bound
    is out of reach."""
    if gained is not None and lost is not None:
        click.echo(_of_a_comparison(gained, lost, samples, wanted))
        return
    if suite is None or criteria is None:
        raise click.UsageError(
            "give --gained and --lost for a comparison, or --suite and --criteria"
        )
    from trivium.evaluation.foresight import reach
    from trivium.evaluation.gate import read_criteria
    from trivium.evaluation.planning import read_suite

    read, _ = read_suite(suite)
    reached = list(reach(read_criteria(criteria), read, repeats=repeats))
    for each in reached:
        click.echo(each.line)
    if not all(each.reachable for each in reached):
        raise click.exceptions.Exit(1)


@command.command("coverage")
@click.argument("suite")
@_DEPLOYMENT
@_TRUST
@_JSON
def coverage_command(
    suite: str, deployment: str | None, trust: str | None, as_json: bool
) -> None:
    """Which provisions of the deployment's constitution SUITE tests, and which not.
    Exit status 1 if one has no scenario."""
    from trivium.evaluation.foresight import coverage
    from trivium.evaluation.planning import read_suite

    covered = coverage(_constitution(deployment, trust), read_suite(suite)[0])
    if as_json:
        print_json(covered)
    else:
        for each in covered.provisions:
            click.echo(each.line)
        for name in covered.strangers:
            click.echo(f"{name}: tested, but no provision of the constitution")
    if not covered.complete:
        raise click.exceptions.Exit(1)


@command.command("calibrate")
@click.argument("labelled", type=_FILE)
@click.option("--judge", required=True, help="The judge's name.")
@click.option(
    "--labels", required=True, help="The labelled set and its policy, in words."
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
def calibrate_command(labelled: Path, judge: str, labels: str, out: Path) -> None:
    """Measure a judge's error from LABELLED, lines of `{"label": …, "text": …}`, or
    `{"label": …, "judged": …}` for a judge from elsewhere."""
    import msgspec

    from trivium.durable import write_durably
    from trivium.evaluation.calibration import (
        agreement,
        calibrate,
        judged_by,
        read_labelled,
    )

    samples = judged_by(judge, read_labelled(labelled))
    made = calibrate(judge, samples, labels=labels)
    write_durably(out, msgspec.json.format(msgspec.json.encode(made)), mode=0o644)
    finds, clears = made.calibration.sensitivity, made.calibration.specificity
    agreed = agreement(samples)
    kappa = "-" if agreed is None else f"{agreed.kappa:.3f}"
    click.echo(
        f"{judge}: finds {finds.estimate:.3f} ({finds.low:.3f} to {finds.high:.3f}) of"
        f" {made.positives}, clears {clears.estimate:.3f} ({clears.low:.3f} to"
        f" {clears.high:.3f}) of {made.negatives}, kappa {kappa}"
    )


@command.command("sign")
@click.argument("suite", type=_FILE)
@click.option("--key", required=True, type=_FILE, help="Private key (PEM).")
def sign_command(suite: Path, key: Path) -> None:
    """Write SUITE, signed, beside its file with the ending `.dsse`."""
    from trivium.durable import write_durably
    from trivium.evaluation.scenario import load, seal

    signer = _signer(key)
    assert signer is not None  # noqa: S101 -- the option is required
    beside = suite.with_suffix(".dsse")
    write_durably(beside, seal(load(suite), signer), mode=0o644)
    click.echo(beside)


def _summary(results: "Results", out: Path) -> str:
    """What a run came to, in a line or two."""
    cost = results.cost_usd
    lines = [
        f"{len(results.outcomes)} of {results.run.planned} samples,"
        f" {'price unknown' if cost is None else f'${cost:.4f}'}: {out}/report.html"
    ]
    if not results.complete:
        lines.append(f"PARTIAL: {results.stopped}")
    return "\n".join(lines)


def _changed(change: "Change") -> str:
    """One provision in both runs."""
    return (
        f"{change.provision}: {change.difference * 100:+.1f} points"
        f" ({change.low * 100:+.1f} to {change.high * 100:+.1f}), {change.gained} new"
        f" and {change.lost} fewer breaches in {change.pairs} pairs, adjusted p"
        f" {change.adjusted:.3g}"
    )


def _of_a_comparison(
    gained: float, lost: float, samples: int | None, wanted: float
) -> str:
    """The power of a comparison, or the pairs that it needs."""
    from trivium.statistics import pairs_needed, power_of_mcnemar

    try:
        if samples is not None:
            power = power_of_mcnemar(gained=gained, lost=lost, samples=samples)
            return f"{samples} pairs find the difference with probability {power:.3f}"
        needed = pairs_needed(gained=gained, lost=lost, power=wanted)
        return f"{needed} pairs are needed for a power of {wanted:g}"
    except ValueError as error:
        raise EvaluationError(f"The power cannot be computed: {error}.") from error


def _criteria(path: Path | None) -> "Criteria | None":
    """The criteria that an option names."""
    from trivium.evaluation.gate import read_criteria

    return read_criteria(path) if path else None


def _trusted(paths: tuple[Path, ...]) -> "TrustedKeys | None":
    """The public keys that options name; None without any. Raises
    `EvaluationError`."""
    from trivium.vocabulary.envelope import EnvelopeError, TrustedKeys

    if not paths:
        return None
    try:
        return TrustedKeys.from_pem(b"\n".join(path.read_bytes() for path in paths))
    except (EnvelopeError, OSError) as error:
        raise EvaluationError(f"The public key cannot be used: {error}.") from error


def _signer(path: Path | None) -> "Ed25519Signer | None":
    """The private key that an option names. Raises `EvaluationError`."""
    from trivium.vocabulary.envelope import Ed25519Signer, EnvelopeError

    if path is None:
        return None
    try:
        return Ed25519Signer.from_pem(path.read_bytes())
    except (EnvelopeError, OSError) as error:
        raise EvaluationError(f"The signing key cannot be used: {error}.") from error


def _constitution(deployment: str | None, trust: str | None) -> "Constitution":
    """The constitution of a verified descriptor."""
    from datetime import UTC, datetime

    from trivium.client.loading import fetch, trusted_keys
    from trivium.constitution import load_layers
    from trivium.vocabulary import deployment as descriptors

    document, base = fetch(deployment)
    deployed = descriptors.verify(document, trusted_keys(trust), now=datetime.now(UTC))
    return load_layers(deployed.constitution, base=base)
