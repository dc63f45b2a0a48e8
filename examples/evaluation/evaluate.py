"""Evaluate the deployment from a program: run, gate, report.

    python examples/evaluation/evaluate.py OUT

The deployment is the one that TRIVIUM_DEPLOYMENT and TRIVIUM_TRUSTED_KEYS name.
"""

import asyncio
import sys
from pathlib import Path

from trivium import AsyncClient
from trivium.evaluation.folder import Order, evaluate, gate_of, write_reports
from trivium.evaluation.gate import read_criteria
from trivium.evaluation.planning import read_suite
from trivium.evaluation.scenario import load, seal
from trivium.vocabulary.envelope import Ed25519Signer, TrustedKeys

HERE = Path(__file__).parent


async def main(out: Path) -> int:
    """Exit status 1 if a bound is not shown to be kept."""
    # In an example one key signs everything. Elsewhere the suite's key belongs to those
    # who review scenarios, and the run's to those who run them.
    signer = Ed25519Signer.generate()
    trusted = TrustedKeys.from_pem(signer.public_pem)
    out.mkdir(parents=True, exist_ok=True)
    (out / "suite.dsse").write_bytes(seal(load(HERE / "suite.yaml"), signer))
    suite, suite_signer = read_suite(out / "suite.dsse", trusted)

    criteria = read_criteria(HERE / "criteria.yaml")
    order = Order(
        suite=suite,
        suite_signer=suite_signer,
        criteria=criteria,
        signer=signer,
    )
    async with AsyncClient.from_deployment() as client:
        await evaluate(client.messages, client.deployment, out / "run", order)

    write_reports(out / "run", criteria=criteria, trusted=trusted)
    gate = gate_of(out / "run", criteria, trusted)
    print(gate.line)
    return 0 if gate.passed else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main(Path(sys.argv[1]))))
