"""Networks measured while a search goes on, on the real runtime. How long is not tested."""

from __future__ import annotations

import errno
from dataclasses import replace

import numpy as np
import pytest
from latency.faulty import FaultyBackend
from latency.toy import ALL, Toy

from pyhwnas import (
    DeviceError,
    EvaluationError,
    MissingExtraError,
    Problem,
    Search,
    StoreError,
    objectives,
)
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


def test_what_all_rows_fail_of_is_their_own_fault():
    backend = FaultyBackend(refuses="left_conv")
    objective = objectives.MeasuredLatency(Toy(), backend, settings=QUICK, processes=1)
    with pytest.raises(EvaluationError, match="failed on 1 of 1 rows") as caught:
        objective(np.array([[2, 1]]))
    assert "NotImplementedError: no kernel for this" in caught.value.errors[0]


def stopped_run(objective, error, match):
    """A run that stops without a failed row, and finds the same row when it is called again."""
    search = Search(Problem(Toy(), (objective,)), Random())
    for _ in range(2):
        with pytest.raises(error, match=match):
            search.run(4, batch=4)
        assert len(search.history) == 0
        assert len(search.pending.ids) == 4


@pytest.mark.parametrize(
    ("backend", "match"),
    [
        (FaultyBackend(refuses="conv"), "refuses the anchor network: NotImplementedError"),
        (FaultyBackend(kills="conv"), "twice while the anchor network ran"),
        (FaultyBackend(aborts="conv"), "refuses the anchor network: the encoding process died"),
    ],
    ids=["refused", "killed", "aborted"],
)
def test_a_backend_that_can_do_nothing_stops_the_run(backend, match):
    objective = objectives.MeasuredLatency(Toy(), backend, settings=QUICK, processes=1)
    stopped_run(objective, DeviceError, match)


def test_a_package_that_is_missing_stops_the_run():
    backend = FaultyBackend(lacks="no_such_package")
    objective = objectives.MeasuredLatency(Toy(), backend, settings=QUICK, processes=1)
    stopped_run(objective, MissingExtraError, "no_such_package is needed here")


def test_a_full_disk_stops_the_run(monkeypatch):
    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device", "0001.model")

    objective = objectives.MeasuredLatency(Toy(), settings=QUICK, processes=1)
    monkeypatch.setattr("pyhwnas.latency.measuring.measure.write_models", full)
    stopped_run(objective, DeviceError, "from this machine: .*No space left on device")


def test_a_device_that_changes_stops_the_run():
    space = Toy()
    objective = objectives.MeasuredLatency(space, settings=QUICK, processes=1)
    search = Search(Problem(space, (objective,)), Random())

    def change(search):
        found = objective._device
        device = replace(found.device, cpu="Another CPU")
        objective.__dict__["_device"] = found._replace(device=device)

    with pytest.raises(DeviceError, match=r"changed since .*: cpu: expected Another CPU"):
        search.run(4, batch=4, on_tell=(change,))
    assert len(search.history) >= 1
    del objective.__dict__["_device"]  # as in a new process
    assert len(search.run(4, batch=4)) == 4


def test_a_run_goes_on_only_on_the_device_where_it_began(tmp_path):
    def opened(**device):
        objective = objectives.MeasuredLatency(Toy(), settings=QUICK, processes=1)
        found = objective._device
        objective.__dict__["_device"] = found._replace(device=replace(found.device, **device))
        return Search(Problem(Toy(), (objective,)), Random(), store=tmp_path / "run.sqlite")

    with opened() as search:
        assert len(search.run(2, batch=2)) == 2
    with pytest.raises(StoreError, match=r"device\.cpu: stored .*, now Another CPU"):
        opened(cpu="Another CPU")
    with opened(cores=99) as search:
        assert len(search.run(4, batch=2)) == 4


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
    with pytest.raises(DeviceError, match="offers no counter of its packages"):
        Search(Problem(space, (objective,)), Random())
