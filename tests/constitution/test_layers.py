"""Layers are read whole or not at all, digested into a chain, and may only tighten what
stands before them."""

from pathlib import Path
from typing import Any

import pytest

from tests.guard import worlds
from trivium.constitution import compose, load_layers, parse, resolve
from trivium.constitution.provision import DIRECTIONS, StatedProvision
from trivium.constitution.seal import seal, unseal
from trivium.errors import ConstitutionError
from trivium.vocabulary.deployment import ConstitutionRef, Layer
from trivium.vocabulary.envelope import Ed25519Signer, TrustedKeys, canonical, digest

PROVISION = worlds.provision()


def refs(*sources: str, digest: str = "") -> ConstitutionRef:
    return ConstitutionRef(
        layers=tuple(Layer(source=source) for source in sources), digest=digest
    )


def test_the_packs_that_ship_compose() -> None:
    constitution = load_layers(refs("pack:baseline", "pack:organisation"), base=None)
    assert [layer.name for layer in constitution.layers] == ["baseline", "organisation"]
    assert len(constitution.provisions) == 9


def test_a_layer_is_read_beside_the_descriptor(tmp_path: Path) -> None:
    (tmp_path / "app.yaml").write_bytes(
        worlds.layer(PROVISION, authority="application")
    )
    constitution = load_layers(refs("pack:baseline", "path:app.yaml"), base=tmp_path)
    assert constitution.layers[1].provisions[0].id == "rule"


def test_the_digests_are_those_of_the_documentation() -> None:
    document = worlds.layer(PROVISION)
    first = digest(canonical(parse(document, source="path:x")))
    chain = digest(canonical({"layer": first, "parent": ""}))
    second = digest(
        canonical(
            {
                "layer": compose(worlds.layer(PROVISION, name="b")).layers[0].digest,
                "parent": chain,
            }
        )
    )
    composed = compose(document, worlds.layer(PROVISION, name="b"))
    assert (compose(document).digest, composed.digest) == (chain, second)


def test_the_digest_depends_on_what_is_stated_and_not_on_how_it_is_written() -> None:
    block = (
        b"title: A layer\nlayer: first\nprovisions:\n  - "
        + canonical(PROVISION)
        + b"\nauthority: provider # so\n"
    )
    assert compose(block).digest == compose(worlds.layer(PROVISION)).digest
    changed = worlds.layer({**PROVISION, "rationale": "Because."})
    assert compose(changed).digest != compose(worlds.layer(PROVISION)).digest


def test_resolving_fills_in_every_digest_and_what_is_resolved_loads() -> None:
    resolved = resolve(refs("pack:baseline", "pack:organisation"), base=None)
    assert all(layer.digest.startswith("sha256:") for layer in resolved.layers)
    assert resolve(resolved, base=None) == resolved
    assert load_layers(resolved, base=None).digest == resolved.digest


@pytest.mark.parametrize("where", ["layer", "chain"])
def test_a_pin_that_differs_is_refused(where: str) -> None:
    wrong = "sha256:" + "0" * 64
    layers = (Layer(source="pack:baseline", digest=wrong if where == "layer" else ""),)
    pinned = ConstitutionRef(layers=layers, digest=wrong if where == "chain" else "")
    for act in (load_layers, resolve):
        with pytest.raises(ConstitutionError, match="was signed for sha256:0000"):
            act(pinned, base=None)


def test_no_more_of_a_layer_is_read_than_it_may_have(tmp_path: Path) -> None:
    (tmp_path / "endless.yaml").symlink_to("/dev/zero")
    with pytest.raises(ConstitutionError, match="is too large"):
        load_layers(refs("path:endless.yaml"), base=tmp_path)


def test_a_layer_that_changed_after_signing_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "app.yaml"
    file.write_bytes(worlds.layer(PROVISION))
    signed = resolve(refs("path:app.yaml"), base=tmp_path)
    file.write_bytes(worlds.layer({**PROVISION, "action": "LOG"}))
    with pytest.raises(ConstitutionError, match=r"Layer `path:app\.yaml` has digest"):
        load_layers(signed, base=tmp_path)


UNREADABLE: dict[str, tuple[bytes, str]] = {
    "an empty file": (b"", "is empty"),
    "a list": (b"- a", "is a list"),
    "broken YAML": (b"layer: [", "not readable YAML"),
    "bytes that are no text": (b"\xff\xfe\xfd", "not readable YAML"),
    "a key that stands twice": (b"layer: a\nlayer: b", "key `layer` repeats"),
    "an alias": (b"layer: &x a\ntitle: *x", "aliases are not allowed"),
    "a key that is not text": (b"[a]: 1", "a key is not a text"),
    "a merge key": (b"<<: {layer: a}", "merge keys are not allowed"),
    "a Python object": (
        b"layer: !!python/object/apply:os.getcwd []",
        "not readable YAML",
    ),
    "no provisions": (worlds.layer(), "length >= 1"),
    "deep nesting": (b"layer: " + b"[" * 20_000, "nested deeper than 32"),
    "deep nesting that ends": (
        b"layer: " + b"[" * 20_000 + b"]" * 20_000,
        "nested deeper than 32",
    ),
    "an oversized file": (b" " * (1 << 20) + b"a", "at most 1048576"),
    "an unknown authority": (worlds.layer(PROVISION, authority="emperor"), "authority"),
    "an unknown field": (
        worlds.layer({**PROVISION, "detectrs": ["a"]}),
        r"did you mean `detectors`\?",
    ),
    "an unknown action": (worlds.layer({**PROVISION, "action": "DENY"}), "DENY"),
    "a rewrite of requests": (
        worlds.layer({**PROVISION, "stages": ["request"], "action": "REVISE"}),
        "requests are not rewritten",
    ),
    "a rewrite that is not described": (
        worlds.layer({**PROVISION, "stages": ["reply"], "action": "REVISE"}),
        "`action: REVISE` needs a `revision_request`",
    ),
    "a critic that is asked nothing": (
        worlds.layer(
            {
                **{k: v for k, v in PROVISION.items() if k != "detectors"},
                "stages": ["reply"],
                "decided_by": "critic",
            }
        ),
        "`decided_by: critic` needs a `critique_request`",
    ),
    "a critic of requests": (
        worlds.layer({**PROVISION, "stages": ["request"], "decided_by": "critic"}),
        "a critic judges replies",
    ),
    "a judge with detectors": (
        worlds.layer({**PROVISION, "action": "LOG", "decided_by": "judge"}),
        "`decided_by: judge` does not use `detectors`",
    ),
    "a judge that would block": (
        worlds.layer(
            {
                **{k: v for k, v in PROVISION.items() if k != "detectors"},
                "action": "BLOCK",
                "decided_by": "judge",
            }
        ),
        "needs `action: LOG`",
    ),
    "more rounds than anyone waits for": (
        worlds.layer({**PROVISION, "rounds": 6}),
        "<= 5",
    ),
    "an id that ends in a line break": (
        worlds.layer(worlds.provision("rule\n")),
        "matching regex",
    ),
    "no tests": (
        worlds.layer({k: v for k, v in PROVISION.items() if k != "tests"}),
        "`tests` is missing",
    ),
    "tests that prove nothing": (
        worlds.layer(worlds.provision(tests={"must_match": [], "must_pass": ["a"]})),
        "length",
    ),
    "a provision that could never apply": (
        worlds.layer({k: v for k, v in PROVISION.items() if k != "detectors"}),
        "neither `detectors` nor `condition`",
    ),
    "a redaction without detectors": (
        worlds.layer(
            worlds.provision(detectors=None, condition="true", action="REDACT")
        ),
        "finds no span to redact",
    ),
    "a condition with a typing error": (
        worlds.layer(worlds.provision(condition="context.zone == 1")),
        "column 14: `==` cannot join string and int",
    ),
    "a reply judged by its request": (
        worlds.layer(worlds.provision(condition='request.model == "a"')),
        "`request` cannot be read when replies",
    ),
    "a provision stated twice": (worlds.layer(PROVISION, PROVISION), "more than once"),
    "a sunset before the first day": (
        worlds.layer(
            worlds.provision(effective_from="2026-02-01", sunset="2026-01-01")
        ),
        "is not after",
    ),
    "a bound on no field": (
        worlds.layer(worlds.provision(overridable={"colour": {}})),
        "which is not a field",
    ),
    "a ceiling on a title": (
        worlds.layer(worlds.provision(overridable={"title": {"at_most": "LOG"}})),
        "only `action` has a ceiling",
    ),
    "a number beyond JSON": (
        worlds.layer(PROVISION).replace(
            b'"nothing"', b'{"request": {"max_tokens": 99999999999999999999}}'
        ),
        "no canonical form|cannot be used",
    ),
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_a_layer_is_refused_for(what: str) -> None:
    document, expected = UNREADABLE[what]
    with pytest.raises(ConstitutionError, match=expected):
        compose(document)


def test_no_layers_at_all_are_refused() -> None:
    with pytest.raises(ConstitutionError, match="no layers"):
        compose()


def test_an_unknown_pack_is_refused_with_a_suggestion() -> None:
    with pytest.raises(
        ConstitutionError, match=r"no pack `base-line` \(did you mean `baseline`\?\)"
    ):
        load_layers(refs("pack:base-line"), base=None)


def test_a_missing_file_and_a_missing_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConstitutionError, match="cannot be read: No such file"):
        load_layers(refs("path:none.yaml"), base=tmp_path)
    with pytest.raises(ConstitutionError, match="has no folder"):
        load_layers(refs("path:none.yaml"), base=None)


def test_layers_out_of_order_or_of_one_name_are_refused() -> None:
    application = worlds.layer(PROVISION, name="app", authority="application")
    with pytest.raises(
        ConstitutionError,
        match=r"`first` \(provider\) stands after `app` \(application\)",
    ):
        compose(application, worlds.layer(PROVISION))
    with pytest.raises(ConstitutionError, match="Two layers are named `first`"):
        compose(worlds.layer(PROVISION), worlds.layer(PROVISION))


# --- restating a provision ------------------------------------------------------------

PARENT = worlds.provision(
    action="REDACT",
    severity="medium",
    stages=["request"],
    detectors=["aws-access-key", "github-token"],
    condition='context.zone == "eu"',
    citations=[{"framework": "F", "article": "A"}],
    effective_from="2026-01-01",
    sunset="2027-01-01",
    overridable={"action": {"at_most": "ESCALATE"}, "owner": {"fixed": True}},
    owner="security",
)

WEAKER: dict[str, dict[str, Any]] = {
    "a milder action": {"action": "LOG"},
    "an allowance": {"action": "ALLOW"},
    "an action beyond the ceiling": {"action": "BLOCK"},
    "a milder severity": {"severity": "low"},
    "another stage instead": {"stages": ["reply"]},
    "a detector fewer": {"detectors": ["github-token"]},
    "another condition": {"condition": 'context.zone == "us"'},
    "another text": {"text": "It is allowed."},
    "other citations": {"citations": [{"framework": "F", "article": "B"}]},
    "a later first day": {"effective_from": "2026-02-01"},
    "an earlier sunset": {"sunset": "2026-12-31"},
    "failing open": {"unsafe_fail_open": True},
    "a field that is fixed": {"owner": "nobody"},
    "wider bounds": {"overridable": {}},
}

TIGHTER: dict[str, dict[str, Any]] = {
    "nothing": {},
    "a stricter action": {"action": "ESCALATE"},
    "a higher severity": {"severity": "critical"},
    "both stages": {"stages": ["request", "reply"]},
    "a detector more": {
        "detectors": ["aws-access-key", "github-token", "gitlab-token"]
    },
    "the same condition": {"condition": 'context.zone == "eu"'},
    "an earlier first day": {"effective_from": "2025-01-01"},
    "a later sunset": {"sunset": "2028-01-01"},
    "failing closed": {"unsafe_fail_open": False},
    "another rationale": {"rationale": "We say so too."},
}


def child(changes: dict[str, Any]) -> bytes:
    return worlds.layer({"id": "rule", **changes}, name="app", authority="application")


@pytest.mark.parametrize("what", WEAKER)
def test_a_provision_cannot_be_restated_with(what: str) -> None:
    with pytest.raises(
        ConstitutionError,
        match=(
            "weakens provision `rule` of an earlier layer:"
            f" `{next(iter(WEAKER[what]))}`"
        ),
    ):
        compose(worlds.layer(PARENT), child(WEAKER[what]))


def test_detectors_cannot_be_set_beside_a_condition_that_decides_alone() -> None:
    parent = worlds.layer(
        worlds.provision(condition='context.zone == "eu"', detectors=None)
    )
    with pytest.raises(
        ConstitutionError,
        match="weakens provision `rule` of an earlier layer: `detectors`",
    ):
        compose(parent, child({"detectors": ["iban"]}))


@pytest.mark.parametrize("what", TIGHTER)
def test_a_provision_can_be_restated_with(what: str) -> None:
    parent, restated = (
        p for _, p in compose(worlds.layer(PARENT), child(TIGHTER[what])).provisions
    )
    assert restated.action >= parent.action
    assert restated.stages >= parent.stages
    assert restated.tests == parent.tests


def test_a_restatement_is_held_to_the_nearest_statement() -> None:
    middle = worlds.layer(
        {"id": "rule", "action": "ESCALATE"}, name="org", authority="organisation"
    )
    with pytest.raises(
        ConstitutionError, match="`action` goes from ESCALATE to REDACT"
    ):
        compose(worlds.layer(PARENT), middle, child({"action": "REDACT"}))


def test_a_provision_without_dates_cannot_be_given_any() -> None:
    for date in ({"effective_from": "2026-01-01"}, {"sunset": "2099-01-01"}):
        with pytest.raises(ConstitutionError, match="goes from none to"):
            compose(worlds.layer(PROVISION), child(date))


def test_every_field_of_a_provision_declares_its_direction() -> None:
    assert set(DIRECTIONS) == set(StatedProvision.__struct_fields__)


# --- signing --------------------------------------------------------------------------

SIGNER = Ed25519Signer.generate()
TRUSTED = TrustedKeys.from_pem(SIGNER.public_pem)


def test_a_signed_constitution_pins_what_is_loaded() -> None:
    constitution = load_layers(refs("pack:baseline"), base=None)
    pinned = unseal(seal(constitution, SIGNER), TRUSTED)
    assert pinned == resolve(refs("pack:baseline"), base=None)


def test_a_constitution_signed_by_a_stranger_is_refused() -> None:
    sealed = seal(
        load_layers(refs("pack:baseline"), base=None), Ed25519Signer.generate()
    )
    with pytest.raises(ConstitutionError, match="no valid signature by a trusted key"):
        unseal(sealed, TRUSTED)
