"""Does what the configured mode says; the tests look at what becomes of it."""

import sys
import time
from pathlib import Path

import beside
import pulumi

config = pulumi.Config()
mode = config.require("mode")
print(f"mode is {mode}")

if mode == "everything":
    pulumi.export("directory", Path.cwd().name)
    pulumi.export("arguments", sys.argv[1:])
    pulumi.export("secret", config.require_secret("password").apply(len))
    pulumi.export("twice", beside.Doubled("doubled", 21).twice)
    pulumi.export("greeting", beside.Greeting("greeting", "world").text)
elif mode == "run error":
    raise pulumi.RunError("the settings name no region")
elif mode == "crash":
    beside.fail()
elif mode == "crash later":
    beside.Doubled("doubled", 21).urn.apply(lambda _: beside.fail())
elif mode == "exit":
    sys.exit(3)
elif mode == "wait":
    print("waiting", flush=True)
    time.sleep(600)
