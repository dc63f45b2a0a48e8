"""Waivers: a violation that somebody has accepted, for one resource, for a reason,
until a day.

A waived violation is still shown, with its owner and its last day; it only does not
stop the deployment. A waiver that has expired, runs longer than a year, or names a rule
that does not exist, is an error: the pack does not load, so nothing is deployed on a
forgotten promise.

    waivers:
      - rule: aws-audit-store-locked
        resource: urn:pulumi:prod::claude::aws:s3/bucket:Bucket::audit
        reason: The store is being verified before the lock, which cannot be taken back.
        owner: platform-team@example.com
        granted: 2026-11-22
        expires: 2026-12-06

A waiver may name several resources of one stack: `*` in the type or the name stands for
any characters there. It then needs a `limit`; a run in which it would cover more
resources is stopped, because nobody accepted those.

      - rule: gcp-grants-least-privilege
        resource: urn:pulumi:prod::claude::gcp:projects/iAMMember:IAMMember::legacy-*
        limit: 3
        …
"""

import re
from collections.abc import Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Final

import yaml

from trivium.errors import ConfigurationError

_TEXTS: Final = ("rule", "resource", "reason", "owner")
_DATES: Final = ("granted", "expires")
_LONGEST: Final = timedelta(days=366)
"""From the first day to the last. What is accepted is to be decided again at least once
a year."""


@dataclass(frozen=True)
class Waiver:
    """One accepted violation."""

    rule: str
    """Rule id."""
    resource: str
    """URN of the resource, as the finding shows it, or a pattern of URNs."""
    reason: str
    """Why it is accepted."""
    owner: str
    """Who answers for it."""
    granted: date
    """First day."""
    expires: date
    """Last day, at most 366 after the first; from the next on it is an error."""
    limit: int = 1
    """How many resources a pattern may cover in one run."""

    def covers(self, rule_id: str, urn: str) -> bool:
        """Whether it is about this rule and this resource."""
        if rule_id != self.rule:
            return False
        # `*` never crosses the `::` between the parts of a URN.
        pattern = re.escape(self.resource).replace(r"\*", "(?:(?!::).)*")
        return re.fullmatch(pattern, urn) is not None


_MOST: Final = 50
"""Resources that one pattern may cover. More is no exception but the rule's level,
which is a profile's to set."""


class _PlainLoader(yaml.SafeLoader):
    """YAML in which a reader sees what holds: no key twice, of which the second would
    win, and no merged-in entries."""

    def construct_mapping(
        self, node: yaml.MappingNode, deep: bool = False
    ) -> dict[Hashable, object]:
        """The mapping. Raises `yaml.YAMLError` for a key that stands twice."""
        written = [
            key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)
        ]
        for key in written:
            if key == "<<" or written.count(key) > 1:
                problem = (
                    "merge keys are not allowed"
                    if key == "<<"
                    else f"key `{key}` stands twice"
                )
                raise yaml.constructor.ConstructorError(
                    None, None, problem, node.start_mark
                )
        return super().construct_mapping(node, deep=deep)


def load_waivers(
    file: Path, *, rule_ids: Collection[str], today: date
) -> tuple[Waiver, ...]:
    """The waivers in `file`. Raises `ConfigurationError` naming every problem."""
    try:
        document: object = yaml.load(file.read_text(encoding="utf-8"), _PlainLoader)  # noqa: S506
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        why = getattr(error, "problem", None) or type(error).__name__
        raise ConfigurationError(
            f"Waiver file {file.name} cannot be read ({why}); no stack is judged"
            " without it.",
            next_step="Mend the file, or take it away.",
        ) from error
    return parse_waivers(document, rule_ids=rule_ids, today=today, source=file.name)


def parse_waivers(
    document: object, *, rule_ids: Collection[str], today: date, source: str = "waivers"
) -> tuple[Waiver, ...]:
    """`document` as waivers; an empty one has none. Raises `ConfigurationError` naming
    every problem."""
    written = {"waivers": None} if document is None else document
    if not isinstance(written, Mapping) or set(written) != {"waivers"}:
        raise _unusable(source, ["it must have the one key `waivers`."])
    entries = [] if written["waivers"] is None else written["waivers"]
    if not isinstance(entries, list):
        raise _unusable(source, ["`waivers` must be a list."])
    problems = [
        f"number {number}: {problem}"
        for number, entry in enumerate(entries, start=1)
        for problem in _problems(entry, rule_ids, today)
    ]
    if problems:
        raise _unusable(source, problems)
    return tuple(Waiver(**entry) for entry in entries)


def waiver_for(waivers: Collection[Waiver], *, rule_id: str, urn: str) -> Waiver | None:
    """The waiver of this rule for this resource, or None."""
    return next((each for each in waivers if each.covers(rule_id, urn)), None)


def _problems(entry: object, rule_ids: Collection[str], today: date) -> Iterator[str]:
    """What is wrong with one entry."""
    if not isinstance(entry, Mapping):
        yield "it is not an object."
        return
    for key in entry:
        if key not in (*_TEXTS, *_DATES, "limit"):
            yield f"unknown key `{key}`."
    for key in _TEXTS:
        if not isinstance(entry.get(key), str) or not entry[key].strip():
            yield f"`{key}` is missing or empty."
    for key in _DATES:
        # A timestamp is a date to Python and not to a reader of the file.
        if not isinstance(entry.get(key), date) or isinstance(entry.get(key), datetime):
            yield f"`{key}` is missing or no date (YYYY-MM-DD)."
    yield from _rule_problems(entry.get("rule"), rule_ids)
    yield from _pattern_problems(entry.get("resource"), entry.get("limit"))
    yield from _date_problems(entry.get("granted"), entry.get("expires"), today)


def _rule_problems(rule: object, rule_ids: Collection[str]) -> Iterator[str]:
    """What is wrong with the rule that it names."""
    if isinstance(rule, str) and rule.strip() and rule not in rule_ids:
        near = get_close_matches(rule, rule_ids, n=1)
        yield f"there is no rule `{rule}`" + (
            f"; did you mean `{near[0]}`?" if near else "."
        )


def _pattern_problems(resource: object, limit: object) -> Iterator[str]:
    """What is wrong with a pattern of URNs, or with its limit."""
    if not isinstance(resource, str):
        return
    if "*" not in resource:
        if limit is not None:
            yield "`limit` belongs to a `resource` with `*`; this one names one resource."
        return
    if not re.fullmatch(r"urn:pulumi:[^*:]+::[^*:]+::\S+::\S+", resource):
        yield (
            "`resource` may have `*` in its type and its name alone, as in"
            " `urn:pulumi:STACK::PROJECT::TYPE::name-*`: a waiver is for one stack."
        )
    if not isinstance(limit, int) or isinstance(limit, bool):
        yield "`limit` is missing: say how many resources the pattern may cover."
    elif not 1 <= limit <= _MOST:
        yield f"`limit` is {limit}; a pattern covers 1 to {_MOST} resources."


def _date_problems(granted: object, expires: object, today: date) -> Iterator[str]:
    """What is wrong with its days."""
    if isinstance(granted, datetime) or isinstance(expires, datetime):
        return
    if isinstance(granted, date) and granted > today:
        yield f"it begins on {granted}, which is still to come."
    if isinstance(expires, date) and expires < today:
        yield (
            f"it expired on {expires}; mend the resource, or decide again and write new"
            " dates."
        )
    if isinstance(granted, date) and isinstance(expires, date) and expires < granted:
        yield "`expires` lies before `granted`."
    if (
        isinstance(granted, date)
        and isinstance(expires, date)
        and expires - granted > _LONGEST
    ):
        yield (
            f"it runs from {granted} to {expires}; a waiver runs {_LONGEST.days} days"
            " at most."
        )


def _unusable(source: str, problems: list[str]) -> ConfigurationError:
    """The error that names every problem of the file."""
    return ConfigurationError(
        f"Waiver file {source} cannot be used, so no stack is judged:"
        f" {' '.join(problems)}",
        next_step="Mend these entries or take them out.",
    )
