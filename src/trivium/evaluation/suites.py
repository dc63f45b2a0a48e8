"""A suite for each pack: the examples that its provisions are proven by, asked of a
deployment.

What `trivium.guard.prove` shows of a constitution alone, this shows of a deployment as
it is configured: that its client is given the layer, that nothing before the guard
changes the request, and that what must pass is not stopped by another provision.

Only what a prompt and the caller's labels can bring about is asked. `left_out` names
the rest: examples of replies, which no prompt forces a model to give, and examples that
need another route or zone.
"""

import datetime as dt
from collections.abc import Iterator

from trivium.constitution import Layer, Provision, load_layers
from trivium.constitution.provision import Case
from trivium.errors import EvaluationError
from trivium.evaluation.scenario import Expected, Scenario, Suite
from trivium.vocabulary.deployment import ConstitutionRef
from trivium.vocabulary.deployment import Layer as LayerRef
from trivium.vocabulary.messages import Turn

SOURCE = "the pack's own tests"
LICENCE = "Apache-2.0"
_ASKABLE = frozenset({"attributes"})
"""Fields of a case's context that a caller brings with a request."""


def of_pack(name: str, *, on: dt.date | None = None) -> Suite:
    """The suite of a pack that ships with Trivium; with `on`, of the provisions that
    hold on that day (UTC). Raises `ConstitutionError` when there is no such pack."""
    return of_layer(_layer(name), on=on)


def of_layer(layer: Layer, *, on: dt.date | None = None) -> Suite:
    """The suite of one layer, likewise. Raises `EvaluationError` when none of its
    examples can be asked."""
    scenarios = tuple(
        scenario
        for provision in layer.provisions
        if on is None or provision.holds_on(on)
        for scenario in _scenarios(layer, provision)
    )
    if not scenarios:
        raise EvaluationError(
            f"No example of layer `{layer.name}` can be asked of a deployment, so a run"
            " would show nothing.",
            next_step="Write scenarios of your own; see docs/evaluation.md.",
        )
    return Suite(suite=layer.name, scenarios=scenarios)


def left_out(name: str) -> tuple[str, ...]:
    """Ids of a pack's provisions of which no example can be asked."""
    layer = _layer(name)
    return tuple(one.id for one in layer.provisions if not any(_scenarios(layer, one)))


def _layer(name: str) -> Layer:
    """A pack, behind those that it restates provisions of."""
    before = [one for one in ("baseline", "organisation") if one != name]
    refs = tuple(LayerRef(source=f"pack:{one}") for one in (*before, name))
    if name in ("baseline", "organisation"):
        refs = tuple(
            LayerRef(source=f"pack:{one}") for one in ("baseline", "organisation")
        )
    layers = load_layers(ConstitutionRef(layers=refs), base=None).layers
    return next(layer for layer in layers if layer.name == name)


def _scenarios(layer: Layer, provision: Provision) -> Iterator[Scenario]:
    """Every example of a provision that can be asked."""
    if provision.decided_by != "guard" or "request" not in provision.stages:
        return
    expected: tuple[tuple[str, Expected, tuple[str | Case, ...]], ...] = (
        ("match", "flag", provision.tests.must_match),
        ("pass", "pass", provision.tests.must_pass),
    )
    for kind, expectation, cases in expected:
        for number, case in enumerate(cases, start=1):
            name = f"{layer.name}/{provision.id}/{kind}-{number}"
            scenario = _scenario(layer, provision, name, case, expectation)
            if scenario is not None:
                yield scenario


def _scenario(
    layer: Layer,
    provision: Provision,
    name: str,
    case: str | Case,
    expected: Expected,
) -> Scenario | None:
    """An example as a scenario; None where no prompt brings it about."""
    if isinstance(case, str):
        case = Case(text=case)
    context = case.context or {}
    if case.request or not set(context) <= _ASKABLE or not case.text:
        return None
    return Scenario(
        id=name,
        suite=layer.name,
        turns=(Turn(role="user", content=case.text),),
        expect={provision.id: expected},
        attributes=dict(context.get("attributes", {})),
        source=SOURCE,
        licence=LICENCE,
    )


__all__ = ["left_out", "of_layer", "of_pack"]
