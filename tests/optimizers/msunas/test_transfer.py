"""What one search hands to another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from pyhwnas import Problem, objectives, spaces
from pyhwnas.optimizers.msunas.transfer import cost_agreement, draw_like

SPACE = spaces.NASBench201()


@dataclass(frozen=True)
class Gene0:
    space: spaces.Space = SPACE
    sign: float = 1.0
    cost: str = "cheap"
    sense: str = "min"
    name: ClassVar[str] = "gene0"
    unit: ClassVar[str] = ""

    def __call__(self, X):
        return self.sign * X[:, 0]


def test_draws_are_like_the_source():
    space = spaces.MobileNetV3(resolutions=(192, 224))
    source = np.stack([space.smallest(), space.largest(), space.largest()])
    X = draw_like(space, source, 4000, np.random.default_rng(0))
    assert space.valid(X).all()
    np.testing.assert_array_equal(space.canonical(X), X)
    np.testing.assert_allclose((X[:, 0] == 2).mean(), 0.95 * 2 / 3 + 0.05 / 3, atol=0.03)
    # The fourth layer is there in two sources, with the largest kernel in both.
    deep = X[X[:, 0] == 2]
    np.testing.assert_allclose((deep[:, 4] == 2).mean(), 0.95 + 0.05 / 3, atol=0.02)


def test_agreement_of_costs():
    pytest.importorskip("scipy")
    rng = np.random.default_rng(0)
    same = Problem(SPACE, (Gene0(),))
    assert cost_agreement(same, Problem(SPACE, (Gene0(sign=9.0),)), rng) == pytest.approx(1)
    assert cost_agreement(
        same, Problem(SPACE, (Gene0(sense="max", sign=-1.0),)), rng
    ) == pytest.approx(1)
    assert np.isnan(cost_agreement(same, Problem(SPACE, (Gene0(sign=0.0),)), rng))
    with pytest.warns(UserWarning, match=r"agree little \(Spearman -1.00 on 200"):
        cost_agreement(same, Problem(SPACE, (Gene0(sign=-1.0),)), rng)
    with pytest.raises(ValueError, match="expected a cheap objective to compare, got gene0"):
        cost_agreement(same, Problem(SPACE, (Gene0(cost="expensive"),)), rng)
    macs = Problem(SPACE, (objectives.Macs(SPACE),))
    assert cost_agreement(macs, macs, rng) == pytest.approx(1)
