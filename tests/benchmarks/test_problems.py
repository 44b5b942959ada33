"""Named problems: their scales, reference points and best hypervolumes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from benchmarks import made

from pyhwnas import benchmarks, spaces
from pyhwnas.benchmarks import NASBench201
from pyhwnas.testing import check_objective


def test_named_problems_on_made_files(tmp_path: Path) -> None:
    path = made.nb201(tmp_path / "nb201.npz")
    stated = benchmarks.problem("nb201-lamoo", path)
    scores = stated.evaluate(NASBench201(path).X).values + 2
    assert np.allclose(scores.mean(axis=0), 0)
    assert np.allclose(scores.std(axis=0), 1)
    for objective in stated.objectives:
        check_objective(objective)
    for name in ("nb201-lamoo", "nb201-eyeriss"):
        assert benchmarks.best_hypervolume(name, path) > 0
    with pytest.raises(ValueError, match="nb201-lamoo, nb201-eyeriss, ofa-note10"):
        benchmarks.problem("nb201")  # type: ignore[arg-type]


@pytest.mark.data
def test_lamoo(data: Path) -> None:
    problem = benchmarks.problem("nb201-lamoo", data)
    assert problem.ref_point == (-3, -6)
    assert benchmarks.best_hypervolume("nb201-lamoo", data) == pytest.approx(8.052602, abs=1e-6)
    for objective in problem.objectives:
        check_objective(objective)


@pytest.mark.data
def test_eyeriss(data: Path) -> None:
    problem = benchmarks.problem("nb201-eyeriss", data)
    assert problem.ref_point == pytest.approx((90, 10.5269), abs=1e-4)
    best = benchmarks.best_hypervolume("nb201-eyeriss", data)
    assert best == pytest.approx(738.43632, abs=1e-5)


@pytest.mark.data
def test_once_for_all(data: Path) -> None:
    problem = benchmarks.problem("ofa-note10", data)
    assert problem.ref_point == pytest.approx((24.93502, 93.32202), abs=1e-5)
    space = problem.space
    assert len(space.genes) == 46
    whole = spaces.MobileNetV3()
    assert len(whole.resolutions) == 17
    assert spaces.sizes(whole).tolist() == [*[3] * 45, 17]
    for objective in problem.objectives:
        check_objective(objective)
