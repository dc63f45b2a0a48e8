"""A component that any Pulumi language can use."""

from typing import TypedDict

import pulumi
from pulumi.provider.experimental import component_provider_host


class GreetingArgs(TypedDict):
    """What to say."""

    who: pulumi.Input[str]
    """Who is greeted."""


class Greeting(pulumi.ComponentResource):
    """Greets."""

    text: pulumi.Output[str]
    """The greeting."""

    def __init__(
        self, name: str, args: GreetingArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("greeter:index:Greeting", name, {}, opts)
        self.text = pulumi.Output.concat("hello ", args["who"])
        self.register_outputs({"text": self.text})


if __name__ == "__main__":
    component_provider_host(name="greeter", components=[Greeting])
