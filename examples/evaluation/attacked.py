"""Put a pack's scenarios differently and write them as a suite of their own.

Run it with the pack, the attacks (joined by `+`) and the file:

    python examples/evaluation/attacked.py finance base64+indirect attacked.jsonl
"""

import sys
from pathlib import Path

import msgspec

from trivium.evaluation.attacks import attack_named, composed
from trivium.evaluation.suites import of_pack


def main(pack: str, names: str, target: str) -> None:
    """Writes every scenario, plain and attacked, one a line."""
    attacks = [attack_named(name) for name in names.split("+")]
    plain = of_pack(pack).scenarios
    attacked = [each for one in plain for each in composed(attacks, one)]
    written = msgspec.json.Encoder().encode_lines([*plain, *attacked])
    Path(target).write_bytes(written)
    print(f"{len(plain)} scenarios and {len(attacked)} variants: {target}")


if __name__ == "__main__":
    main(*sys.argv[1:])
