"""google-cloud-aiplatform is served too.

Its tests run in a process of their own: its protocol buffers and Pulumi's both define
`google.rpc.Status`, under two file names, and one process cannot load both.
"""

import re
import subprocess
import sys
from pathlib import Path

CASES = Path(__file__).with_name("aiplatform_cases.py")


def test_googles_own_client_is_served_over_grpc() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(CASES)],
        cwd=CASES.parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) >= 12, done.stdout
