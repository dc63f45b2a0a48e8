"""Makes what the rehearsal and the tests need besides the environment: the engine and
the AWS emulator.

python -m trivium_rehearsal.toolchain
python -m trivium_rehearsal.toolchain --yaml     the host for programs in YAML, too
"""

import sys

from trivium.errors import TriviumError
from trivium_rehearsal.guardian import end_with_make
from trivium_rehearsal.processes import ended_like_ctrl_c
from trivium_rehearsal.toolchain.engine import ensure_engine
from trivium_rehearsal.toolchain.ministack import ensure_ministack
from trivium_rehearsal.toolchain.progress import told
from trivium_rehearsal.toolchain.yaml_host import ensure_yaml_host


def main() -> int:
    """The exit code: 0 made or there already, 1 with an instruction, 130
    interrupted."""
    try:
        with ended_like_ctrl_c(), told() as progress:
            engine = ensure_engine(progress)
            progress.say(
                f"using Pulumi {engine.version} ({engine.origin}), {engine.pulumi}"
            )
            ensure_ministack(progress)
            if "--yaml" in sys.argv[1:] and engine.origin == "built":
                ensure_yaml_host(progress)
    except KeyboardInterrupt:
        print("trivium: interrupted; run the same command again", file=sys.stderr)
        return 130
    except TriviumError as error:
        print(f"trivium: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    end_with_make()
    sys.exit(main())
