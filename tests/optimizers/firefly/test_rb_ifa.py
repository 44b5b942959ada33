"""RB-IFA: light, epochs, and what is told in the end."""

from __future__ import annotations

import numpy as np
import pytest
from search.toy import Mean

from pyhwnas import Problem, Search, moo, objectives, spaces
from pyhwnas.optimizers import RBIFA
from pyhwnas.optimizers.firefly.rb_ifa import PSEUDO_FRONT_WEIGHTS
from pyhwnas.problem import AtMost

SPACE = spaces.NASBench201()
PROBLEM = Problem(SPACE, (objectives.Params(SPACE), Mean(SPACE), objectives.Macs(SPACE)))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"weights": (0.5, 1.2)}, "from 0 to 1"),
        ({"weights": ()}, "at least one"),
        ({"efficiency": ("macs", "quality")}, "distinct names"),
        ({"efficiency": ()}, "need an efficiency metric"),
        ({"population": 1}, "RBIFA: population is at least 2"),
        ({"rank_set": "all"}, "epoch, population or history"),
    ],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(ValueError, match=message):
        RBIFA(**{"performance": ("quality",), "efficiency": ("macs",)} | settings)


def test_names_are_checked():
    with pytest.raises(TypeError, match="sequence of names"):
        RBIFA("quality", ("macs",))
    with pytest.raises(ValueError, match=r"icd is not among .* \(params, quality, macs\)"):
        Search(PROBLEM, RBIFA(("icd",), ("macs",))).ask()
    RBIFA(("quality",), (), weights=(1.0,))


@pytest.mark.parametrize("rank_set", ["epoch", "population", "history"])
def test_epochs_end_after_so_many_chances(rank_set):
    optimizer = RBIFA(
        ("quality",), ("macs",), weights=(0.3, 0.9), population=8, chances=3, rank_set=rank_set
    )
    batches = Search(PROBLEM, optimizer, seed=1).run(300).batches
    for swarm in range(2):
        chances = [batch.aux["chances"][swarm] for batch in batches]
        starts = [batch.aux["epoch"][swarm] for batch in batches]
        elites = [batch.aux["elite"][swarm] for batch in batches]
        assert set(chances) <= {1, 2, 3}
        assert any(elite is not None for elite in elites)
        for number in range(1, len(batches)):
            if starts[number] == number:  # starts over, after the last chance
                assert chances[number - 1] == 1
                assert elites[number] is not None
            else:
                assert starts[number] == starts[number - 1]
                assert chances[number] in (3, chances[number - 1] - 1)
                assert elites[number] is None


def test_answers_are_the_best_of_what_swarms_remember():
    optimizer = RBIFA(("quality",), ("macs",), weights=(0.0, 1.0), population=10)
    history = Search(PROBLEM, optimizer, seed=0).run(400)
    cheap, good = optimizer.select(PROBLEM, history)
    assert history.values[cheap, 2] == history.values[:, 2].min()
    assert history.values[good, 1] > np.quantile(history.values[:, 1], 0.95)


def test_answers_of_a_run_that_has_hardly_begun():
    optimizer = RBIFA(("quality",), ("macs",), weights=(0.1, 0.9))
    search = Search(PROBLEM, optimizer)
    assert optimizer.select(PROBLEM, search.history).tolist() == [-1, -1]
    assert optimizer.select(PROBLEM, search.run(1)).tolist() == [0, 0]
    failing = Problem(SPACE, (Mean(SPACE, nan_at=0), objectives.Macs(SPACE)))
    search = Search(failing, optimizer)
    asked = search.ask(1)
    search.tell(asked.ids, [[np.nan, 1]])
    assert optimizer.select(failing, search.history).tolist() == [-1, -1]


def test_infeasible_rows_rank_last():
    bound = 30e6
    problem = Problem(SPACE, PROBLEM.objectives, constraints=(AtMost("macs", bound),))
    optimizer = RBIFA(("params",), ("macs",), weights=(0.0, 0.5))
    history = Search(problem, optimizer, seed=0).run(200)
    answers = optimizer.select(problem, history)
    assert history.feasible[answers].all()
    # Rows that fail, too.
    metrics = optimizer._metrics(problem)
    light = optimizer._light(history, metrics, np.arange(200), 0)
    assert light[~history.feasible].min() > light[history.feasible].max()


def test_swarms_share_what_they_know():
    optimizer = RBIFA(("quality",), ("macs",), population=10)
    batch = Search(PROBLEM, optimizer).ask()
    assert len(batch.ids) == 10  # five swarms, one first population


class Capacity(objectives.Params):
    """Parameters, the more the better."""

    name = "capacity"
    sense = "max"


def test_the_pseudo_front_is_of_the_best_rows():
    assert len(PSEUDO_FRONT_WEIGHTS) == 19
    optimizer = RBIFA.published_front(("capacity",), ("macs",))
    assert optimizer.weights == PSEUDO_FRONT_WEIGHTS
    problem = Problem(SPACE, (Capacity(SPACE), objectives.Macs(SPACE)))
    search = Search(problem, optimizer, seed=2)
    assert optimizer.pseudo_front(problem, search.history).tolist() == []
    history = search.run(600)
    rows = optimizer.pseudo_front(problem, history)
    assert len(rows) > 3
    # Those that were some swarm's best, and all of these that nothing dominates.
    bests = {tuple(x) for batch in history.batches for x in batch.aux["best"] if x}
    bests |= {tuple(history.X[row]) for row in optimizer.select(problem, history)}
    candidates = np.sort(history.lookup(np.array(sorted(bests))))
    front = moo.nondominated_sort(history.F[candidates]) == 0
    assert rows.tolist() == candidates[front].tolist()


def test_the_pseudo_front_prefers_feasible_rows():
    problem = Problem(SPACE, PROBLEM.objectives, constraints=(AtMost("macs", 30e6),))
    optimizer = RBIFA(("params",), ("macs",))
    history = Search(problem, optimizer, seed=0).run(200)
    assert history.feasible[optimizer.pseudo_front(problem, history)].all()


def test_published_presets_are_stated_in_full():
    optimizer = RBIFA.published(("quality",), ("macs",), weight=0.3)
    assert optimizer.weights == (0.3,)
    assert optimizer == RBIFA(("quality",), ("macs",), weights=(0.3,))
    with pytest.raises(ValueError, match="from 0 to 1"):
        RBIFA.published(("quality",), ("macs",), weight=2)
