"""Genotypes as features, and which genes have an effect."""

from __future__ import annotations

import numpy as np
import pytest

from pyhwnas import spaces
from pyhwnas.spaces import expressed, sample, sizes
from pyhwnas.surrogates import encode

SPACES = [
    spaces.NASBench201(),
    spaces.NASBench101(),
    spaces.MobileNetV3(),
    spaces.DARTS(),
    spaces.NASNet(n_nodes=2),
    spaces.Hierarchical(resolutions=(32,), n_classes=10, flat=True),
    spaces.FBNet(),
]
NAMED = pytest.mark.parametrize("space", SPACES, ids=lambda s: s.name)


@NAMED
def test_expressed_by_definition(space):
    X = sample(space, 20, np.random.default_rng(0))
    found = expressed(space, X)
    assert found.shape == X.shape
    assert found[X > 0].all()
    for row, x in enumerate(X):
        for column, gene in enumerate(space.genes):
            if x[column] == 0 and gene.n > 1:
                changed = np.repeat(x[None], gene.n, axis=0)
                changed[:, column] = np.arange(gene.n)
                assert found[row, column] == (space.canonical(changed) != x).any()


@NAMED
@pytest.mark.parametrize("encoding", ["index", "mixed", "one_hot"])
def test_encodings_tell_all_rows_apart_and_look_at_one_row_alone(space, encoding):
    X = sample(space, 60, np.random.default_rng(1))
    features = encode(space, X, encoding)
    assert features.dtype == np.float64
    assert len(np.unique(features, axis=0)) == len(np.unique(X, axis=0))
    np.testing.assert_array_equal(encode(space, X[7:9], encoding), features[7:9])
    assert encode(space, X[:0], encoding).shape == (0, features.shape[1])


def test_columns_by_the_type_of_the_gene():
    ordered, categorical = spaces.MobileNetV3(), spaces.NASBench201()
    one = ordered.largest()[None]
    np.testing.assert_array_equal(encode(ordered, one, "index"), one)
    np.testing.assert_array_equal(encode(ordered, one, "mixed"), np.ones((1, 46)))
    assert encode(ordered, one, "one_hot").shape == (1, sizes(ordered).sum())
    X = categorical.all()[:5]
    np.testing.assert_array_equal(
        encode(categorical, X, "mixed"), encode(categorical, X, "one_hot")
    )
    with pytest.raises(ValueError, match="expected index, mixed or one_hot, got 'ordinal'"):
        encode(categorical, X, "ordinal")


def test_layers_that_are_not_there_are_zero():
    space = spaces.MobileNetV3()
    small = encode(space, space.smallest()[None], "one_hot")
    assert small.sum() == expressed(space, space.smallest()[None]).sum() == 46 - 5 * 4
