"""Torch is loaded by the first score, not before."""

from __future__ import annotations

import subprocess
import sys


def test_importing_the_scores_loads_no_torch() -> None:
    program = (
        "import sys, pyhwnas.proxies, pyhwnas.proxies.modules as modules; "
        "assert modules.MEASURES['snip'].name == 'snip'; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-P", "-c", program], check=True)
