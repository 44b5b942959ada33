"""Networks measured while a search goes on, on the real runtime. How long is not tested."""

from __future__ import annotations

import numpy as np
import pytest
from latency.faulty import FaultyBackend
from latency.toy import ALL, Toy

from pyhwnas import EvaluationError, Problem, Search, objectives
from pyhwnas.latency import Settings
from pyhwnas.optimizers import Random

QUICK = Settings(rounds=2, calls=2, warmups=1, flush_bytes=1)


def test_networks_are_measured_whole():
    objective = objectives.MeasuredLatency(Toy(), settings=QUICK, processes=1)
    values = objective(ALL[4:7])
    assert values.shape == (3,)
    assert (values > 0).all()
    assert (objective.name, objective.unit, objective.cost) == (
        "measured_latency_ms",
        "ms",
        "expensive",
    )


def test_what_fails_is_named_and_the_rest_is_measured():
    space = Toy()
    backend = FaultyBackend(refuses="left_conv")
    objective = objectives.MeasuredLatency(space, backend, settings=QUICK, processes=1)
    X = np.array([[2, 1], [1, 1], [0, 0]])
    with pytest.raises(EvaluationError, match="failed on 2 of 3 rows") as caught:
        objective(X)
    assert np.isnan(caught.value.values).tolist() == [True, False, True]
    assert "NotImplementedError: no kernel for this" in caught.value.errors[0]
    assert "no path" in caught.value.errors[2]


def test_a_backend_that_can_do_nothing_fails_rows_not_the_run():
    objective = objectives.MeasuredLatency(
        Toy(), FaultyBackend(refuses="conv"), settings=QUICK, processes=1
    )
    with pytest.raises(EvaluationError, match="failed on 2 of 2 rows") as caught:
        objective(ALL[4:6])
    assert all("anchor" in reason for reason in caught.value.errors.values())


def test_a_search_by_measurement():
    space = Toy()
    problem = Problem(
        space,
        (objectives.MeasuredLatency(space, settings=QUICK, processes=1), objectives.Params(space)),
    )
    history = Search(problem, Random()).run(4, batch=4)
    assert len(history) == 4
    done = ~history.failed
    assert done.any()
    assert (history.values[done, 0] > 0).all()


def test_energy_needs_a_counter(tmp_path):
    space = Toy()
    assert objectives.MeasuredEnergy(space).settings.energy == "powercap"
    objective = objectives.MeasuredEnergy(space, settings=QUICK, counter=f"powercap:{tmp_path}")
    with pytest.raises(EvaluationError) as caught:
        objective(ALL[4:5])
    assert "offers no counter" in caught.value.errors[0]
