"""Random search without replacement."""

from __future__ import annotations

import numpy as np
import pytest

from pyhwnas import Problem, Search, objectives, spaces
from pyhwnas.optimizers import Optimizer, Random

SPACE = spaces.NASBench201()
PROBLEM = Problem(SPACE, (objectives.Macs(SPACE), objectives.Params(SPACE)))


def test_a_whole_space_without_repeats():
    history = Search(PROBLEM, Random(step=4000)).run(20_000)
    assert len(history) == 15_625
    assert len(np.unique(history.keys)) == 15_625


def test_steps_and_wishes():
    assert len(Search(PROBLEM, Random()).ask().ids) == 32
    assert len(Search(PROBLEM, Random(step=3)).ask().ids) == 3
    assert len(Search(PROBLEM, Random(step=3)).ask(7).ids) == 7
    with pytest.raises(ValueError, match="at least 1"):
        Random(step=0)
    assert isinstance(Random(), Optimizer)


def test_every_value_is_as_likely():
    X = Search(PROBLEM, Random(step=5000), seed=1).run(5000).X
    shares = np.array([(X == value).mean(axis=0) for value in range(5)])
    assert (np.abs(shares - 0.2) < 0.02).all()
