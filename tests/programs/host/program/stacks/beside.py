"""A module beside `__main__.py`."""

import pulumi
from pulumi.dynamic import CreateResult, Resource, ResourceProvider


class Doubler(ResourceProvider):
    """Doubles a number."""

    def create(self, props: dict[str, object]) -> CreateResult:
        return CreateResult(
            id_="doubled", outs={**props, "twice": 2 * float(str(props["number"]))}
        )


class Doubled(Resource):
    """A dynamic resource."""

    twice: pulumi.Output[float]

    def __init__(self, name: str, number: int) -> None:
        super().__init__(Doubler(), name, {"number": number, "twice": None})


class Greeting(pulumi.ComponentResource):
    """The component of the plugin in ../../component."""

    text: pulumi.Output[str]

    def __init__(self, name: str, who: pulumi.Input[str]) -> None:
        super().__init__(
            "greeter:index:Greeting", name, {"who": who, "text": None}, remote=True
        )


def fail() -> None:
    """Fails in a way nobody handles."""
    raise ZeroDivisionError("the beans were not counted")
