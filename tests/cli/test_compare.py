"""`pyhwnas compare` as a person uses it."""

from __future__ import annotations

import json

PROBLEM = """
from pyhwnas import Problem, objectives, spaces


def problem():
    space = spaces.NASBench201()
    return Problem(space, (objectives.Macs(space), objectives.Params(space)))
"""
SMALL = ("--problem", "mine.py:problem", "--seeds", "2", "--evals", "12", "--quiet", "-o", "out")


def test_compare_continue_and_bad_input(inside, tmp_path):
    (tmp_path / "mine.py").write_text(PROBLEM)
    names = "random,small=pyhwnas.optimizers:NSGA2"
    done = inside("compare", *SMALL, "--optimizers", names, "--set", "small.population=4")
    assert done.returncode == 0, done.stderr
    assert "Page: out/compare.html" in done.stdout
    again = inside("compare", "--config", "out/compare.toml", "-o", "out", "--seeds", "3", "--json")
    assert again.returncode == 0, again.stderr
    told = json.loads(again.stdout)
    assert told["options"] == {"small": {"population": 4}}
    assert len(told["results"]["small"]["final"]) == 3
    for arguments, message in (
        ((), "--problem: name one"),
        ((*SMALL, "--optimizers", "magic"), "unknown name 'magic' among optimizers"),
        ((*SMALL, "--optimizers", "random", "--set", "step=3"), "expected LABEL.OPTION=VALUE"),
        ((*SMALL, "--optimizers", "random", "--set", "random.step=3"), "stored 32, now 3"),
    ):
        wrong = inside("compare", *arguments)
        assert wrong.returncode == 2
        assert message in wrong.stderr
        assert "Traceback" not in wrong.stderr
