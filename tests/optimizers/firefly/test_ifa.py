"""IFA: RB-IFA of one metric, by its own names."""

from __future__ import annotations

import pytest
from search.toy import Mean

from pyhwnas import Problem, Search, objectives, spaces
from pyhwnas.optimizers import IFA, RBIFA
from pyhwnas.testing import check_optimizer

SPACE = spaces.NASBench201()
PROBLEM = Problem(SPACE, (Mean(SPACE), objectives.Macs(SPACE)))


@pytest.mark.parametrize("optimizer", [IFA(), IFA.published("macs"), IFA("params", chances=1)])
def test_promises(optimizer):
    check_optimizer(optimizer)


def test_what_is_best_and_when_a_swarm_starts_over():
    """The authors' loop, followed by hand over the batches of a run."""
    history = Search(PROBLEM, IFA("quality", chances=3), seed=4).run(400)
    best, chances, remembered = None, 3, []
    for number, batch in enumerate(history.batches[:-1]):
        quality = history.values[history.lookup(batch.X), 0]
        if best is None or quality.max() > best:
            best, chances = quality.max(), 3
        else:
            chances -= 1
        after = history.batches[number + 1].aux
        if chances == 0:
            remembered.append(best)
            assert history.values[history.lookup(after["elite"]), 0] == [best]
            best, chances = None, 3
        assert after["chances"] == [chances]
    assert len(remembered) > 2
    answer = IFA("quality").select(PROBLEM, history)
    assert history.values[answer, 0] == [max(*remembered, best or -100)]


def test_settings_reach_the_swarm():
    settings = {
        "population": 7, "alpha": 0.1, "beta": 0.7, "gamma": 0.3, "movement": "continuous",
        "chances": 2, "crossover": "halves",
    }  # fmt: skip
    history = Search(PROBLEM, IFA(**settings), seed=0).run(150)
    same = Search(PROBLEM, RBIFA(("quality",), (), weights=(1.0,), **settings), seed=0).run(150)
    assert (history.X == same.X).all()


def test_answers_of_a_run_that_has_hardly_begun():
    search = Search(PROBLEM, IFA("macs"))
    assert IFA("macs").select(PROBLEM, search.history).tolist() == []
    assert IFA("macs").select(PROBLEM, search.run(1)).tolist() == [0]
    with pytest.raises(ValueError, match="icd is not among"):
        Search(PROBLEM, IFA("icd")).run(30)
    with pytest.raises(ValueError, match="IFA: chances is at least 1"):
        IFA("macs", chances=0)
