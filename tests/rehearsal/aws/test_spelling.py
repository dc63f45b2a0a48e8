"""Pure parts of the AWS executors: two spellings of a value, and whether what was asked
was kept."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivium_rehearsal.aws.kept import (
    differences,
    dropped,
    outputs,
    plain,
    settled,
    with_from,
    without,
)
from trivium_rehearsal.aws.names import named
from trivium_rehearsal.aws.shape import Shape, from_cloud, to_cloud
from trivium_rehearsal.aws.tags import TagChange, tag_change, told_tags
from trivium_rehearsal.execution import ExecutionError

INNER: Shape = {"days": "Days", "storageClass": "StorageClass"}
SHAPE: Shape = {"id": "ID", "transitions": ("Transitions", INNER), "tags": "Tags"}

leaves = (
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.text(max_size=4)
    | st.just('{"a": [1]}')
)
json_data = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=12,
)
bags = st.dictionaries(st.sampled_from("abc"), json_data, max_size=3)
in_shape = st.fixed_dictionaries(
    {},
    optional={
        "id": st.text(max_size=3),
        "transitions": st.lists(
            st.fixed_dictionaries(
                {},
                optional={"days": st.integers(), "storageClass": st.text(max_size=3)},
            ),
            max_size=3,
        ),
        "tags": st.dictionaries(st.text(max_size=2), st.text(max_size=2), max_size=2),
    },
)


@given(in_shape)
def test_what_goes_out_in_awss_spelling_comes_back_in_ours(
    value: dict[str, Any],
) -> None:
    assert from_cloud(SHAPE, to_cloud(SHAPE, value)) == value


def test_a_key_that_a_shape_does_not_name_is_dropped() -> None:
    assert to_cloud(SHAPE, {"id": "a", "unknown": 1}) == {"ID": "a"}


@given(json_data)
def test_a_value_differs_from_itself_nowhere(value: Any) -> None:
    assert differences(value, value) == []


@given(json_data)
def test_settling_a_value_with_itself_loses_only_emptiness(value: Any) -> None:
    assert differences(value, settled(value, value)) == []


@given(bags, bags)
def test_settled_outputs_still_say_what_was_told(
    known: dict[str, Any], told: dict[str, Any]
) -> None:
    assert differences(told, outputs(known, told, {})) == []


@given(bags, bags)
def test_settling_twice_changes_nothing_more(
    known: dict[str, Any], told: dict[str, Any]
) -> None:
    once = outputs(known, told, {})
    assert outputs(once, told, {}) == once


@given(st.lists(st.integers(0, 3), max_size=5), st.randoms())
def test_the_order_of_a_list_is_no_difference(values: list[int], random: Any) -> None:
    shuffled = list(values)
    random.shuffle(shuffled)
    assert differences(values, shuffled) == []
    assert settled(values, shuffled) == values


DIFFERENT = {
    "a value": ({"a": 1}, {"a": 2}, ["a"]),
    "a missing key": ({"a": {"b": 1}}, {"a": {}}, ["a.b"]),
    "a missing object": ({"a": {"b": 1}}, {}, ["a"]),
    "a missing element": ({"a": [1, 2]}, {"a": [1]}, ["a"]),
    "an element too many": ({"a": [1]}, {"a": [1, 2]}, ["a"]),
    "a twin that is there once": ({"a": [1, 1]}, {"a": [1, 2]}, ["a.1"]),
    "a field of an element": ({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, ["a.0"]),
    "a switch that is off": ({"a": True}, {"a": False}, ["a"]),
    "one and true": ({"a": 1}, {"a": True}, ["a"]),
    "another document": ({"a": '{"b": 1}'}, {"a": '{"b": 2}'}, ["a"]),
}
SAME = {
    "absent and empty": ({"a": [], "b": "", "c": False, "d": {"e": []}}, {}),
    "a default that AWS filled in": ({"a": {"b": 1}}, {"a": {"b": 1, "c": "x"}}),
    "a document in another layout": ({"a": '{"b":[1]}'}, {"a": '{ "b" : [ 1 ] }'}),
    "objects in another order": (
        {"a": [{"b": 1}, {"b": 2}]},
        {"a": [{"b": 2}, {"b": 1}]},
    ),
}


@pytest.mark.parametrize(
    ("wanted", "told", "paths"), DIFFERENT.values(), ids=DIFFERENT.keys()
)
def test_is_a_difference(wanted: Any, told: Any, paths: list[str]) -> None:
    assert differences(wanted, told) == paths


@pytest.mark.parametrize(("wanted", "told"), SAME.values(), ids=SAME.keys())
def test_is_no_difference(wanted: Any, told: Any) -> None:
    assert differences(wanted, told) == []


def test_outputs_keep_the_programs_layout_of_a_document() -> None:
    assert outputs({"policy": '{"a":1}'}, {"policy": '{ "a": 1 }', "arn": "x"}, {}) == {
        "policy": '{"a":1}',
        "arn": "x",
    }


def test_what_is_not_told_stays_as_the_program_wrote_it() -> None:
    known = {"force": True, "rules": [{"id": 1, "prefix": "p"}, {"id": 2}]}
    told = {"rules": [{"id": 2, "prefix": "?"}, {"id": 1}], "force": False}
    paths = {"force": "", "rules.*.prefix": ""}
    assert dropped(known, told, paths) == []
    assert outputs(known, told, paths) == known


def test_what_is_not_told_is_not_invented_either() -> None:
    assert outputs({}, {"force": False, "arn": "x"}, {"force": ""}) == {"arn": "x"}


@given(bags)
def test_a_path_taken_away_and_put_back_is_as_before(value: dict[str, Any]) -> None:
    assert with_from(without(value, "a"), value, "a") == value


def test_whole_floats_become_integers_and_others_stay() -> None:
    assert plain({"a": [7.0, 0.5], "b": True}) == {"a": [7, 0.5], "b": True}
    assert isinstance(plain(7.0), int)


def test_only_tags_that_differ_are_sent() -> None:
    told = {"same": "1", "other": "1", "gone": "1"}
    assert tag_change(told, {"tags": {"same": "1", "other": "2"}}) == TagChange(
        {"other": "2"}, ["gone"]
    )


def test_an_import_takes_all_tags_as_its_own() -> None:
    assert told_tags({"a": "1"}, {}) == {"tags": {"a": "1"}, "tagsAll": {"a": "1"}}


def test_a_name_is_taken_as_given_or_made_from_a_prefix() -> None:
    assert named("t", {"name": "n", "namePrefix": "p"}) == "n"
    assert named("t", {"namePrefix": "p-"}).startswith("p-")
    with pytest.raises(ExecutionError, match="neither `name` nor `namePrefix`"):
        named("t", {})
