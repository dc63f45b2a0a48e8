"""Every error of the tree crosses process pools and task queues, with all it knows."""

import copy
import inspect
import pickle
from collections.abc import Iterator

import pytest

from trivium import errors
from trivium.errors import AllRoutesFailedError, RateLimitedError, TriviumError

KNOWN: dict[str, object] = {
    "attempts": (RateLimitedError("m", route="aws-us", retry_after_s=2.0),),
    "problems": ("one", "two"),
    "provisions": ("no-keys",),
    "status": 429,
    "retry_after_s": 2.0,
    "cause": "dns",
}


def tree(kind: type[TriviumError] = TriviumError) -> Iterator[type[TriviumError]]:
    """The error and all that are derived from it, wherever they are defined."""
    yield kind
    for derived in kind.__subclasses__():
        yield from tree(derived)


def filled(kind: type[TriviumError]) -> TriviumError:
    """One of them that knows everything that it can know."""
    names = inspect.signature(kind.__init__).parameters
    given = {
        name: KNOWN.get(name, f"the {name}")
        for name, parameter in names.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }
    error = kind("a message", **given)  # type: ignore[arg-type]  # by name
    error.request_id = "req_1"
    return error


@pytest.mark.parametrize("kind", sorted(set(tree()), key=lambda kind: kind.__name__))
@pytest.mark.parametrize(
    "through", [lambda e: pickle.loads(pickle.dumps(e)), copy.copy, copy.deepcopy]
)
def test_an_error_survives(kind: type[TriviumError], through: object) -> None:
    error = filled(kind)
    error.retryable = not kind.retryable
    again = through(error)  # type: ignore[operator]  # one of three
    assert type(again) is kind
    assert (str(again), again.args) == (str(error), error.args)
    known = {n: v for n, v in vars(error).items() if n != "attempts"}
    assert {n: v for n, v in vars(again).items() if n != "attempts"} == known


def test_the_attempts_of_all_routes_survive() -> None:
    error = filled(AllRoutesFailedError)
    again = pickle.loads(pickle.dumps(error))
    assert [(type(a), a.route, a.retry_after_s) for a in again.attempts] == [
        (RateLimitedError, "aws-us", 2.0)
    ]


def test_every_public_error_is_in_the_tree() -> None:
    public = {getattr(errors, name) for name in errors.__all__ if "Error" in name}
    assert public <= set(tree())
