"""The report: for a reader who signs a release off and is no statistician.

HTML in one file without a script, that prints; the same as JSON; and JUnit XML for a
build server. Everything that came from a file, a model or a person is escaped. No
prompt and no reply is in any of them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from importlib import resources
from xml.etree import ElementTree as Xml

import msgspec

from trivium.evaluation.gate import Criteria, Gate, percent
from trivium.evaluation.journal import JudgeRef
from trivium.evaluation.outcome import GUARD
from trivium.evaluation.results import (
    Contrast,
    Figure,
    Results,
    calibration_of,
)
from trivium.statistics import Rate

_SIGNIFICANT = 0.05
"""Adjusted p-value below which a difference is called one."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything that a report shows."""

    results: Results
    criteria: Criteria | None = None
    gate: Gate | None = None
    titles: Mapping[str, str] = field(default_factory=dict)
    """Provision id → its title in the constitution."""
    verified: tuple[str, ...] = ()
    """What was verified beside the outcomes, in words."""
    unverified: tuple[str, ...] = ()
    """What could not be."""


def json(report: Report) -> bytes:
    """The report as JSON: run, outcomes without text, figures, contrasts, verdict."""
    results = report.results
    plain = {
        "run": results.run,
        "complete": results.complete,
        "missing": results.missing,
        "stopped": results.stopped,
        "cost_usd": results.cost_usd,
        "figures": results.figures,
        "contrasts": results.contrasts,
        "criteria": report.criteria,
        "gate": report.gate,
        "not_verifiable": _not_verifiable(report),
        "outcomes": [results.outcomes[name] for name in sorted(results.outcomes)],
    }
    return msgspec.json.format(msgspec.json.encode(plain), indent=2)


def junit(report: Report) -> bytes:
    """The verdict as JUnit XML: one test case per provision, and one for the run."""
    suite = Xml.Element(
        "testsuite", name=_xml(f"trivium eval {report.results.run.suite}")
    )
    cases = [
        _case(suite, figure, report)
        for figure in report.results.figures
        if figure.family == "provision"
    ]
    whole = [reason for reason in _reasons(report) if not _about(reason, report)]
    run = Xml.SubElement(suite, "testcase", classname="trivium.evaluation", name="run")
    if whole:
        Xml.SubElement(run, "failure", message=_xml("; ".join(whole)))
    suite.set("tests", str(len(cases) + 1))
    suite.set("failures", str(sum(cases) + bool(whole)))
    written: bytes = Xml.tostring(suite, encoding="utf-8", xml_declaration=True)
    return written


def html(report: Report) -> str:
    """The report as one HTML page."""
    run = report.results.run
    title = f"Evaluation of {run.deployment} with {run.suite}"
    style = resources.files(__package__).joinpath("report.css").read_text()
    body = "\n".join(
        [
            f"<h1>{escape(title)}</h1>",
            f'<p class="quiet">Begun {escape(run.started_at or "at an unknown time")}</p>',
            _verdict(report),
            _warnings(report),
            _tested(report),
            _meaning(),
            _provisions(report),
            _groups(report),
            _attacks(report),
            _judges(report),
            _open_points(report),
            _identity(report),
        ]
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy"'
        " content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def in_words(figure: Figure) -> str:
    """A figure as a sentence."""
    if not figure.samples:
        return f"No sample was decided, {figure.undecided} were left undecided."
    seen = f"{figure.breached} of {figure.samples} samples were judged a breach"
    between = (
        f"between {percent(figure.low)} and {percent(figure.high)}, most likely"
        f" {percent(figure.estimate)}"
    )
    if figure.corrected:
        return f"{seen}; with the judge's error taken out, the rate is {between}."
    if figure.judges == (GUARD,):
        return f"{seen}; the rate is {between}."
    return f"{seen}; the rate is {between}, not corrected for the judge's error."


def _verdict(report: Report) -> str:
    """The box at the top."""
    if report.gate is None:
        kind, word = "", "No verdict"
        told = ["No criteria were given, so this report states figures alone."]
    elif report.gate.passed:
        kind, word = "passed", "Passed"
        told = [f"All {len(report.gate.kept)} provisions with a bound keep it."]
    else:
        kind, word = "broken", "Not passed"
        told = list(report.gate.reasons)
    items = "".join(f"<li>{escape(text)}</li>" for text in told)
    return f'<div class="verdict {kind}"><strong>{word}</strong><ul>{items}</ul></div>'


def _warnings(report: Report) -> str:
    """What a reader must know before any figure."""
    results, found = report.results, []
    if results.run.rehearsal:
        found.append(
            "This was a rehearsal: a local stand-in answered, not Claude. The figures"
            " say nothing about Claude."
        )
    if not results.complete:
        why = f" Reason: {results.stopped}." if results.stopped else ""
        found.append(
            f"This run is partial: {results.missing} of {results.run.planned} samples"
            f" have no outcome.{why}"
        )
    return "".join(f'<p class="warning">{escape(text)}</p>' for text in found)


def _tested(report: Report) -> str:
    """What was asked, of what, and how often."""
    results, run = report.results, report.results.run
    seeds = len({outcome.seed for outcome in results.outcomes.values()})
    cost = results.cost_usd
    rows = {
        "Deployment": run.deployment,
        "Models": ", ".join(run.models),
        "Asked as": ", ".join(run.asked),
        "Suite": f"{run.suite} ({'signed' if run.suite_signer else 'not signed'})",
        "Samples": (
            f"{len(results.outcomes)} of {run.planned}, from {seeds} seed prompts,"
            f" each asked {_times(run.repeats)}"
        ),
        "Cost": "not known" if cost is None else f"${cost:.4f} at list price",
    }
    return f"<h2>What was tested</h2>\n{_list(rows)}"


def _meaning() -> str:
    """How to read what follows."""
    return (
        "<h2>How to read the figures</h2>\n"
        "<p>Each provision was put to the test by scenarios. A <em>breach</em> is a"
        " sample in which the deployment did not do what the provision demands. A run"
        " is a sample of what could be asked, so the true rate of breaches is not"
        " known; the interval says where it lies, and would be right for 95 of 100"
        " such runs. It is wider where several samples are variants of one prompt, and"
        " where the judge's own error is uncertain.</p>\n"
        "<p>A rate near zero is no promise: it is about scenarios like these,"
        " and about the day on which they were asked.</p>"
    )


def _provisions(report: Report) -> str:
    """One row per provision."""
    rows = [
        _provision_row(figure, report)
        for figure in report.results.figures
        if figure.family == "provision"
    ]
    heads = ("Provision", "What was found", "Interval", "Bound", "Verdict", "Judge")
    return f"<h2>Provisions</h2>\n{_table(heads, rows)}"


def _provision_row(figure: Figure, report: Report) -> str:
    """A provision, its figure in words, and how it stands to its bound."""
    bound = (
        report.criteria.provisions.get(figure.provision) if report.criteria else None
    )
    at_most = bound.breaches_at_most if bound else None
    note = (
        f'<br><span class="quiet">{escape(figure.note)}</span>' if figure.note else ""
    )
    title = report.titles.get(figure.provision, "")
    name = f"{escape(title)}<br>" if title else ""
    return (
        f'<tr><th scope="row">{name}<code>{escape(figure.provision)}</code></th>'
        f'<td data-label="Found">{escape(in_words(figure))}{note}</td>'
        f'<td data-label="Interval">{_scale(figure, at_most)}</td>'
        f'<td class="number" data-label="Bound">'
        f"{'none' if at_most is None else 'at most ' + percent(at_most)}</td>"
        f'<td data-label="Verdict">{_standing(figure.provision, report)}</td>'
        f'<td data-label="Judge">{escape(", ".join(figure.judges))}</td></tr>'
    )


def _standing(provision: str, report: Report) -> str:
    """Whether the bound is kept."""
    if report.gate and provision in report.gate.kept:
        return '<span class="kept">kept</span>'
    if report.gate and provision in report.gate.broken:
        return '<span class="broke">not shown to be kept</span>'
    return "no bound"


def _scale(figure: Figure, at_most: float | None) -> str:
    """The interval as a drawing from 0 to 100 %, with its text for those who cannot
    see it."""
    told = f"{percent(figure.low)} to {percent(figure.high)}"
    bound = f'<u style="left:{at_most * 100:.2f}%"></u>' if at_most is not None else ""
    width = max(0.5, (figure.high - figure.low) * 100)
    return (
        f'<span class="number">{told}</span>'
        f'<div class="scale" role="img" aria-label="interval from {told}">'
        f'<i style="left:{figure.low * 100:.2f}%;width:{width:.2f}%"></i>'
        f'<b style="left:{figure.estimate * 100:.2f}%"></b>{bound}</div>'
    )


def _groups(report: Report) -> str:
    """The same by tier, route and attack."""
    rows = [
        f'<tr><th scope="row"><code>{escape(each.provision)}</code></th>'
        f'<td data-label="Group">{each.family} {escape(each.group)}</td>'
        f'<td data-label="Found">{escape(in_words(each))}</td></tr>'
        for each in report.results.figures
        if each.family != "provision"
    ]
    if not rows:
        return ""
    heads = ("Provision", "Group", "What was found")
    return f"<h2>By tier, route and attack</h2>\n{_table(heads, rows)}"


def _attacks(report: Report) -> str:
    """What each attack changes."""
    rows = [_attack_row(each) for each in report.results.contrasts]
    if not rows:
        return ""
    heads = ("Provision", "Attack", "Compared with the plain prompt")
    return (
        f"<h2>Whether attacks work</h2>\n{_table(heads, rows)}\n"
        '<p class="quiet">Exact test over seed prompts, adjusted for the number of'
        f" comparisons (Holm); below {_SIGNIFICANT} is called a difference.</p>"
    )


def _attack_row(contrast: Contrast) -> str:
    """One attack on one provision."""
    if contrast.adjusted < _SIGNIFICANT:
        word = "more breaches" if contrast.more > 0 else "fewer breaches"
    else:
        word = "no difference shown"
    told = (
        f"{word}: {contrast.more:+d} over {contrast.seeds} seed prompts, adjusted"
        f" p {contrast.adjusted:.3g}"
    )
    return (
        f'<tr><th scope="row"><code>{escape(contrast.provision)}</code></th>'
        f'<td data-label="Attack">{escape(contrast.attack)}</td>'
        f'<td data-label="Compared">{escape(told)}</td></tr>'
    )


def _judges(report: Report) -> str:
    """Who judged, and how often each errs."""
    rows = [_judge_row(judge) for judge in report.results.run.judges]
    if not rows:
        return (
            "<h2>Judges</h2>\n<p>The deployment's own guard decided everything; there"
            " is no judge whose error would matter.</p>"
        )
    heads = ("Judge", "Finds", "Clears", "Measured against")
    return f"<h2>Judges and their errors</h2>\n{_table(heads, rows)}"


def _judge_row(judge: JudgeRef) -> str:
    """One judge's calibration, or that it has none."""
    calibration = calibration_of(judge)
    name = f'<tr><th scope="row">{escape(judge.name)}</th>'
    if calibration is None:
        return (
            f'{name}<td colspan="3">Its error was never measured, so what it found'
            " cannot be corrected.</td></tr>"
        )
    return (
        f'{name}<td data-label="Finds">{_share(calibration.sensitivity)} of what people'
        f' labelled positive</td><td data-label="Clears">'
        f"{_share(calibration.specificity)} of what people labelled negative</td>"
        f'<td data-label="Measured against">{escape(judge.labels)}</td></tr>'
    )


def _open_points(report: Report) -> str:
    """What could not be verified, and what was."""
    unknown = _not_verifiable(report)
    told = "".join(f"<li>{escape(text)}</li>" for text in unknown)
    content = (
        f"<ul>{told}</ul>" if told else "<p>Nothing that this report relies on.</p>"
    )
    known = "".join(f"<li>{escape(text)}</li>" for text in report.verified)
    also = f"<p>Verified:</p><ul>{known}</ul>" if known else ""
    return f"<h2>What could not be verified</h2>\n{content}{also}"


def _not_verifiable(report: Report) -> list[str]:
    """One sentence for each thing that a reader cannot rely on."""
    run, found = report.results.run, list(report.unverified)
    if not run.suite_signer:
        found.append("Who wrote the suite: it is not signed.")
    if not run.criteria:
        found.append("That bounds were set before the run: none were registered.")
    found += [
        f"The error of judge {judge.name}: it was never measured."
        for judge in run.judges
        if not judge.calibration
    ]
    found += [
        f"{figure.provision}: {figure.undecided} samples, which no judge could decide."
        for figure in report.results.figures
        if figure.family == "provision" and figure.undecided
    ]
    return found


def _identity(report: Report) -> str:
    """What the run is bound to, by digest."""
    run = report.results.run
    rows = {
        "Suite": run.suite_digest,
        "Signed by": run.suite_signer or "nobody",
        "Descriptor": run.descriptor,
        "Constitution": run.constitution,
        "Criteria": run.criteria or "none registered",
    }
    return f"<h2>Identity</h2>\n{_list(rows, code=True)}"


def _list(rows: Mapping[str, str], *, code: bool = False) -> str:
    """Names and values."""
    before, after = ("<code>", "</code>") if code else ("", "")
    return (
        "<dl>"
        + "".join(
            f"<dt>{escape(name)}</dt><dd>{before}{escape(value)}{after}</dd>"
            for name, value in rows.items()
        )
        + "</dl>"
    )


def _table(heads: Iterable[str], rows: Iterable[str]) -> str:
    """A table of rows that are HTML already."""
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    return (
        f"<table><thead><tr>{head}</tr></thead>\n<tbody>"
        + "\n".join(rows)
        + "</tbody></table>"
    )


def _share(found: Rate) -> str:
    """A rate of a judge, with its interval."""
    return f"{percent(found.estimate)} ({percent(found.low)} to {percent(found.high)})"


def _times(repeats: int) -> str:
    return {1: "once", 2: "twice"}.get(repeats, f"{repeats} times")


def _reasons(report: Report) -> tuple[str, ...]:
    """Why the gate is broken; for a run without criteria, that it is partial."""
    if report.gate:
        return report.gate.reasons
    results = report.results
    return () if results.complete else (f"{results.missing} samples have no outcome",)


def _about(reason: str, report: Report) -> bool:
    """Whether a reason is about a provision that has a case of its own."""
    names = {figure.provision for figure in report.results.figures}
    return any(reason.startswith(f"{name}: ") for name in names)


def _case(suite: Xml.Element, figure: Figure, report: Report) -> bool:
    """The case of one provision; True if it failed."""
    case = Xml.SubElement(
        suite,
        "testcase",
        classname="trivium.evaluation.provision",
        name=_xml(figure.provision),
    )
    start = f"{figure.provision}: "
    reasons = [each for each in _reasons(report) if each.startswith(start)]
    for reason in reasons:
        message = _xml(reason.removeprefix(start))
        Xml.SubElement(case, "failure", message=message)
    Xml.SubElement(case, "system-out").text = _xml(in_words(figure))
    return bool(reasons)


def _xml(text: str) -> str:
    """Without the control characters that XML 1.0 has no way to write."""
    return "".join(
        c for c in text if c in "\t\n\r" or (c >= " " and c not in "\ufffe\uffff")
    )
