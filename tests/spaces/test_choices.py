"""What the networks of a front have in common."""

from __future__ import annotations

import numpy as np
import pytest

from pyhwnas import plot, spaces
from pyhwnas.spaces import choice_frequencies


def test_frequencies_by_counting():
    space = spaces.MobileNetV3()
    X = spaces.sample(space, 50, np.random.default_rng(0))
    shares = choice_frequencies(space, X)
    assert shares.shape == (46, 17)
    deep = X[:, 0] == 2
    assert shares[0, 2] == pytest.approx(deep.mean())
    np.testing.assert_allclose(shares[4].sum(), deep.mean())  # the fourth kernel of the stage
    np.testing.assert_allclose(shares[4, 2], (deep & (X[:, 4] == 2)).mean())
    np.testing.assert_allclose(shares[[0, 1, 45]].sum(axis=1), 1)
    with pytest.raises(ValueError, match="at least one row"):
        choice_frequencies(space, X[:0])


def test_the_heat_map_names_genes():
    pytest.importorskip("matplotlib")
    space = spaces.NASBench201()
    ax = plot.choices(space, space.all()[:40])
    assert [text.get_text() for text in ax.get_yticklabels()] == [g.name for g in space.genes]
    drawn = ax.images[0].get_array()
    np.testing.assert_allclose(drawn.filled(0).sum(axis=1), 1)
