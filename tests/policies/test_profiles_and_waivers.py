"""A profile or a waiver that is not exactly right is refused with every problem
named."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped] # has no types of its own
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from trivium.errors import ConfigurationError
from trivium_policies.discovery import rules
from trivium_policies.profile import (
    PROFILES,
    load_profile,
    parse_profile,
    profile_names,
    schema,
)
from trivium_policies.waivers import load_waivers, parse_waivers

STORE = "aws-audit-store-locked"


def profile(**setting: Any) -> dict[str, Any]:
    return {"title": "t", "rules": {STORE: setting}}


WRONG_PROFILES = {
    "not an object": ([], "it is list"),
    "no title": ({}, "`title` is missing"),
    "a key that does not exist": ({"title": "t", "rule": {}}, "did you mean `rules`?"),
    "a rule that does not exist": (
        {"title": "t", "rules": {"aws-audit-store-lock": {}}},
        f"did you mean `{STORE}`?",
    ),
    "a parameter that does not exist": (
        profile(minimum_retention_day=1),
        "did you mean `minimum_retention_days`?",
    ),
    "a level that does not exist": (
        profile(level="disabled"),
        "not mandatory or advisory",
    ),
    "switched off without a reason": (
        profile(unsafe_disabled=" "),
        "must give the reason",
    ),
    "switched off by a boolean": (
        profile(unsafe_disabled=True),
        "must give the reason",
    ),
    "a text where an integer belongs": (
        profile(minimum_retention_days="7y"),
        "is not an integer",
    ),
    "a boolean where an integer belongs": (
        profile(minimum_retention_days=True),
        "is not an integer",
    ),
    "a figure below the minimum": (
        profile(minimum_retention_days=0),
        "below the minimum of 1",
    ),
    "an integer where a boolean belongs": (
        profile(lock_required=1),
        "is not true or false",
    ),
    "an empty list": (
        {"title": "t", "rules": {"azure-claude-hosted-on-azure": {"allowed_skus": []}}},
        "is not a list of one or more strings",
    ),
    "a setting that is not an object": (
        {"title": "t", "rules": {STORE: "advisory"}},
        "is not an object",
    ),
    "rules that are no object": (
        {"title": "t", "rules": []},
        "`rules` is not an object",
    ),
    "sources that are no list": (
        {"title": "t", "sources": "law"},
        "`sources` is not a list",
    ),
}


@pytest.mark.parametrize("case", WRONG_PROFILES)
def test_a_wrong_profile_is_refused_by_the_loader_and_by_its_json_schema(
    case: str,
) -> None:
    document, message = WRONG_PROFILES[case]
    with pytest.raises(ConfigurationError) as raised:
        parse_profile("wrong", document, rules())
    assert message in str(raised.value)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema(rules()))


def test_every_problem_of_a_profile_is_named_at_once() -> None:
    document = {"rules": {STORE: {"minimum_retention_days": 0, "lock": True}}}
    with pytest.raises(ConfigurationError) as raised:
        parse_profile("wrong", document, rules())
    assert [
        p
        for p in ("`title`", "below the minimum", "`lock`")
        if p not in str(raised.value)
    ] == []


SETTINGS = st.dictionaries(
    st.sampled_from(
        ["level", "unsafe_disabled", "minimum_retention_days", "lock_required", "other"]
    ),
    st.sampled_from(
        ["mandatory", "advisory", "", "x", 0, 1, 184, True, False, None, [], ["a"], 1.5]
    ),
)


@settings(deadline=None)  # nothing here is timed
@given(SETTINGS)
def test_the_loader_and_the_json_schema_refuse_the_same_settings(
    setting: dict[str, Any],
) -> None:
    document = {"title": "t", "rules": {STORE: setting}}
    valid = jsonschema.Draft202012Validator(schema(rules())).is_valid(document)
    try:
        parse_profile("any", document, rules())
    except ConfigurationError:
        assert not valid
    else:
        assert valid


@pytest.mark.parametrize("name", profile_names())
def test_a_profile_that_ships_is_valid_and_names_its_sources(name: str) -> None:
    jsonschema.validate(
        json.loads((PROFILES / f"{name}.json").read_text()), schema(rules())
    )
    assert load_profile(name).sources


def test_the_published_schema_is_the_one_that_the_rules_make() -> None:
    published = json.loads((PROFILES / "profile.schema.json").read_text())
    regenerate = (
        "python -m trivium_policies.profile --schema >"
        " policies/profiles/profile.schema.json"
    )
    assert published == json.loads(json.dumps(schema(rules()))), (
        f"regenerate: {regenerate}"
    )


def test_a_profile_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(ConfigurationError, match="there are baseline, finance"):
        load_profile("financ")


def test_finance_holds_six_years_in_the_locked_stage_on_every_cloud() -> None:
    finance = load_profile("finance")
    stores = [
        rule
        for rule in rules()
        if any(p.name == "lock_required" for p in rule.parameters)
    ]
    assert len(stores) == 3
    for rule in stores:
        assert dict(finance.setting(rule).parameters) == {
            "minimum_retention_days": 2192,
            "lock_required": True,
        }


TODAY = date(2026, 11, 22)
WAIVER = {
    "rule": STORE,
    "resource": "urn:pulumi:prod::claude::aws:s3/bucket:Bucket::audit",
    "reason": "being verified",
    "owner": "platform@example.com",
    "granted": date(2026, 11, 1),
    "expires": TODAY,
}


def waivers(**changes: Any) -> dict[str, Any]:
    return {
        "waivers": [
            {
                key: value
                for key, value in {**WAIVER, **changes}.items()
                if value is not None
            }
        ]
    }


PATTERN = "urn:pulumi:prod::claude::aws:s3/bucket:Bucket::audit-*"


@pytest.mark.parametrize(
    ("pattern", "name", "covered"),
    [
        (PATTERN, "aws:s3/bucket:Bucket::audit-eu", True),
        (PATTERN, "aws:s3/bucket:Bucket::audit", False),
        (PATTERN, "aws:s3/bucketV2:BucketV2::audit-eu", False),
        (PATTERN, "aws:s3/bucket:Bucket::x::audit-eu", False),
        ("urn:pulumi:prod::claude::aws:s3/*::audit", "aws:s3/a:B::audit", True),
        ("urn:pulumi:prod::claude::aws:s3/*::audit", "aws:s3/a:B::c::audit", False),
    ],
)
def test_a_pattern_covers_what_it_names_within_the_parts_of_a_urn(
    pattern: str, name: str, covered: bool
) -> None:
    (waiver,) = parse_waivers(
        waivers(resource=pattern, limit=2), rule_ids=[STORE], today=TODAY
    )
    assert waiver.covers(STORE, f"urn:pulumi:prod::claude::{name}") is covered
    assert not waiver.covers("another-rule", f"urn:pulumi:prod::claude::{name}")
    assert not waiver.covers(STORE, f"urn:pulumi:test::claude::{name}")


WRONG_WAIVERS = {
    "expired yesterday": (waivers(expires=date(2026, 11, 21)), "expired on 2026-11-21"),
    "granted in the future": (
        waivers(granted=date(2026, 11, 23), expires=date(2026, 12, 1)),
        "still to come",
    ),
    "ends before it begins": (
        waivers(granted=TODAY, expires=date(2026, 11, 2)),
        "lies before",
    ),
    "for more than a year": (
        waivers(expires=date(2027, 11, 3)),
        "runs from 2026-11-01 to 2027-11-03",
    ),
    "for a rule that does not exist": (
        waivers(rule="aws-audit-store-lokced"),
        f"did you mean `{STORE}`?",
    ),
    "without a reason": (waivers(reason=None), "`reason` is missing"),
    "with an empty owner": (waivers(owner="  "), "`owner` is missing or empty"),
    "without an end": (waivers(expires=None), "`expires` is missing"),
    "with a text for a date": (waivers(expires="soon"), "no date"),
    "with a key that does not exist": (waivers(ticket="X-1"), "unknown key `ticket`"),
    "a pattern without a limit": (waivers(resource=PATTERN), "`limit` is missing"),
    "a pattern for too many": (
        waivers(resource=PATTERN, limit=51),
        "`limit` is 51; a pattern covers 1 to 50",
    ),
    "a pattern for none": (waivers(resource=PATTERN, limit=0), "`limit` is 0"),
    "a pattern whose limit is no number": (
        waivers(resource=PATTERN, limit=True),
        "`limit` is missing",
    ),
    "a pattern of several stacks": (
        waivers(resource="urn:pulumi:*::claude::aws:s3/bucket:Bucket::a", limit=2),
        "a waiver is for one stack",
    ),
    "a pattern of everything": (waivers(resource="*", limit=2), "for one stack"),
    "a limit without a pattern": (waivers(limit=2), "`limit` belongs to a `resource`"),
    "a list without its key": ([WAIVER], "the one key `waivers`"),
    "an object where the list belongs": ({"waivers": WAIVER}, "must be a list"),
    "a number where the list belongs": ({"waivers": 0}, "must be a list"),
    "an entry that is not an object": ({"waivers": ["all"]}, "is not an object"),
}


@pytest.mark.parametrize("case", WRONG_WAIVERS)
def test_a_wrong_waiver_is_an_error(case: str) -> None:
    document, message = WRONG_WAIVERS[case]
    with pytest.raises(ConfigurationError) as raised:
        parse_waivers(document, rule_ids=[STORE], today=TODAY)
    assert message in str(raised.value)


@pytest.mark.parametrize("document", [None, {"waivers": None}, {"waivers": []}])
def test_a_file_without_waivers_has_none(document: object) -> None:
    assert parse_waivers(document, rule_ids=[STORE], today=TODAY) == ()


def test_a_waiver_may_run_for_a_year() -> None:
    (waiver,) = parse_waivers(
        waivers(expires=date(2027, 11, 2)), rule_ids=[STORE], today=TODAY
    )
    assert waiver.expires == date(2027, 11, 2)


def test_a_waiver_holds_on_its_last_day(tmp_path: Path) -> None:
    file = tmp_path / "waivers.yaml"
    file.write_text(yaml.safe_dump(waivers()))
    (waiver,) = load_waivers(file, rule_ids=[STORE], today=TODAY)
    assert (waiver.rule, waiver.expires) == (STORE, TODAY)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("waivers: []\nwaivers: []\n", "key `waivers` stands twice"),
        ("waivers:\n- {rule: a, rule: b}\n", "key `rule` stands twice"),
        ("waivers:\n- <<: {rule: a}\n", "merge keys are not allowed"),
    ],
)
def test_a_waiver_says_once_what_it_waives(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "waivers.yaml"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=why):
        load_waivers(file, rule_ids=[STORE], today=TODAY)


def test_a_waiver_file_that_is_no_yaml_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "waivers.yaml"
    file.write_text("waivers: [")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_waivers(file, rule_ids=[STORE], today=TODAY)
