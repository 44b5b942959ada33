"""The chooser: by which rules, and that its choice is what runs and what is recorded."""

from __future__ import annotations

import numpy as np
import pytest
from search.toy import Mean, Toy

from pyhwnas import Problem, Search, StoreError, objectives
from pyhwnas.optimizers import Auto, MSuNAS, Random
from pyhwnas.search import load_history
from pyhwnas.surrogates import RBF

SPACE = Toy(layers=8)
CHEAP = Problem(SPACE, (objectives.Macs(SPACE), objectives.Params(SPACE)))
EXPENSIVE = Problem(SPACE, (Mean(SPACE), objectives.Macs(SPACE)))

pytest.importorskip("sklearn")
pytest.importorskip("scipy")


@pytest.mark.parametrize(
    ("problem", "evals", "choice"),
    [
        (EXPENSIVE, 350, MSuNAS()),
        (EXPENSIVE, 1000, MSuNAS(step=10)),
        (EXPENSIVE, 5000, MSuNAS(surrogate=RBF(), step=50)),
        (EXPENSIVE, 3**8, Random()),
        (CHEAP, 350, MSuNAS()),
        (CHEAP, 5000, MSuNAS(step=50)),
    ],
)
def test_rules(problem, evals, choice):
    assert Auto(evals=evals).choose(problem) == choice


def test_the_choice_runs_and_is_recorded(tmp_path):
    auto = Auto(evals=24)
    with Search(CHEAP, auto, store=tmp_path / "run.sqlite", seed=1) as search:
        history = search.run(24)
    alone = Search(CHEAP, auto.choose(CHEAP), seed=1).run(24)
    assert np.array_equal(history.X, alone.X)
    _, meta = load_history(tmp_path / "run.sqlite")
    assert meta["describe"]["optimizer"]["type"].endswith("MSuNAS")
    # More evaluations of the same choice go on; another choice does not.
    with Search(CHEAP, Auto(evals=28), store=tmp_path / "run.sqlite", seed=1) as search:
        assert len(search.run(28)) == 28
    with pytest.raises(StoreError, match="optimizer"):
        Search(CHEAP, Auto(evals=800), store=tmp_path / "run.sqlite", seed=1)


def test_evals_are_checked():
    with pytest.raises(ValueError, match="at least 1"):
        Auto(evals=0)
