"""Names that stand for objectives on a command line and in a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pyhwnas import spaces
from pyhwnas.job import Job
from pyhwnas.objective_names import OBJECTIVES, External, Ingredients, make_objective
from pyhwnas.problem import Objective

SPACE = spaces.NASBench201(resolution=8)


class Table:
    """Predicts the first gene."""

    fingerprint = "made up"
    reference_ms = None
    energy = "counted"

    def predict(self, space: spaces.Space, X: np.ndarray) -> np.ndarray:
        return X[:, 0].astype(np.float64)

    predict_energy = predict


@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_name_makes_a_column_of_that_name(name: str) -> None:
    of = Ingredients(n_images=2, table=Table())  # type: ignore[arg-type]
    made = make_objective(name, SPACE, of)
    assert made.name == name
    assert isinstance(made, Objective)
    if name != "measured_energy_mj":  # few machines count
        assert np.isfinite(made(SPACE.all()[:1])).all()


def test_names_of_your_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    path = tmp_path / "columns_of_mine.py"
    path.write_text(
        "from pyhwnas.objectives import Macs\nhalf = Macs\nthree = 3\ndef none(space): pass\n"
    )
    (tmp_path / "unfinished.py").write_text("half = (\n")
    (tmp_path / "divided.py").write_text("\nhalf = 1 / 0\n")
    (tmp_path / "broken.py").write_text(
        "def half(space):\n    return {}['way']\n\ndef third(space, way):\n    return space\n"
    )
    for name in (f"{path}:half", "columns_of_mine:half"):
        assert make_objective(name, SPACE, Ingredients()).name == "macs"
    brought = make_objective("error:min", SPACE, Ingredients())
    assert isinstance(brought, External)
    assert (brought.name, brought.sense) == ("error", "min")
    for name, words in (
        ("synflo", "unknown objective 'synflo'; expected .*synflow_expected, .*'file.py:name'"),
        ("latency_ms", "needs a latency table"),
        (f"{path}:nothing", "cannot load"),
        ("nowhere.py:made", "no file .*nowhere.py"),
        (f"{path}:three", "makes an objective of a space, .* got int"),
        (f"{path}:none", "makes an objective of a space, .* got NoneType"),
        ("unfinished:half", r"SyntaxError: .*unfinished\.py, line 1"),
        ("divided:half", r"ZeroDivisionError: .*, divided\.py:2"),
        ("broken:half", r"'broken:half' cannot be made \(KeyError: 'way', broken\.py:2\); correct"),
        ("broken:third", "objective 'broken:third': .* missing 1 required positional argument"),
    ):
        with pytest.raises(ValueError, match=words):
            make_objective(name, SPACE, Ingredients())


def test_images_are_no_larger_than_the_input() -> None:
    assert Ingredients(n_images=2, image_size=32).batch(SPACE).shape == (2, 3, 8, 8)
    assert Ingredients(n_images=2, image_size=4).batch(SPACE).shape == (2, 3, 4, 4)


def test_roles_of_a_job() -> None:
    with pytest.raises(ValueError, match=r"rb-ifa: expected .* performance.* got macs, params; "):
        Job().make_optimizer(("macs", "params"))
    assert Job().objectives == ("synflow_expected", "icd", "latency_ms")
    optimizer = Job().make_optimizer(Job().objectives)
    assert (optimizer.performance, optimizer.efficiency) == (
        ("synflow_expected", "icd"),
        ("latency_ms",),
    )  # type: ignore[attr-defined]


@pytest.mark.parametrize("number", ["threads", "batch_size", "workers", "n_images", "batch"])
def test_numbers_of_a_job_begin_at_one(number: str) -> None:
    with pytest.raises(ValueError, match=f"{number}: expected at least 1, got 0"):
        Job().updated({number: 0}).check_numbers()
