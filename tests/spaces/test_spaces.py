"""What holds for every space."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pyhwnas import spaces
from pyhwnas.errors import SpaceError
from tests.spaces.examples import FULL

each_space = pytest.mark.parametrize("space", FULL.values(), ids=FULL)


@each_space
def test_sampled_rows_are_valid_canonical_and_seeded(space: spaces.Space) -> None:
    X = spaces.sample(space, 500, np.random.default_rng(1))
    assert X.dtype == np.int64
    assert space.valid(X).all()
    assert (space.canonical(X) == X).all()
    assert (spaces.sample(space, 500, np.random.default_rng(1)) == X).all()


@each_space
def test_any_row_is_repaired_and_canonical_form_changes_nothing(space: spaces.Space) -> None:
    rng = np.random.default_rng(2)
    X = rng.integers(0, spaces.sizes(space), size=(500, len(space.genes)))
    repaired = space.repair(X, rng)
    assert space.valid(repaired).all()
    assert (repaired[space.valid(X)] == X[space.valid(X)]).all()
    canonical = space.canonical(repaired)
    assert (space.canonical(canonical) == canonical).all()
    assert (space.unit_ids(canonical) == space.unit_ids(repaired)).all()
    assert (space.identity(canonical) == space.identity(repaired)).all()


@each_space
def test_each_row_is_read_alone(space: spaces.Space) -> None:
    X = spaces.sample(space, 20, np.random.default_rng(3))
    for live in (False, True):
        together = space.unit_ids(X, live=live)
        alone = np.concatenate([space.unit_ids(row[None], live=live) for row in X])
        assert together.dtype == np.int32
        assert (together == alone).all()


@each_space
def test_text_form_is_read_back(space: spaces.Space) -> None:
    for row in spaces.sample(space, 30, np.random.default_rng(4)):
        assert (space.from_str(space.to_str(row)) == row).all()
    for text in ("", "nonsense", "1-2-3", "r192:3:3", "|none~0|"):
        with pytest.raises(SpaceError, match="expected"):
            space.from_str(text)


@each_space
def test_neighbours_differ_in_one_gene(space: spaces.Space) -> None:
    row = spaces.sample(space, 1, np.random.default_rng(5))[0]
    near = spaces.neighbours(space, row)
    assert len(near) > 0
    assert space.valid(near).all()
    assert (near != row).any(axis=1).all()
    assert len(np.unique(near, axis=0)) == len(near)
    sizes = spaces.sizes(space)
    if space.n_genotypes == math.prod(sizes.tolist()):  # every gene is expressed
        assert len(near) == (sizes - 1).sum()
        assert ((near != row).sum(axis=1) == 1).all()


@each_space
def test_sizes_are_counted_where_they_are_known(space: spaces.Space) -> None:
    rows = math.prod(spaces.sizes(space).tolist())
    if space.n_genotypes is not None:
        assert 0 < space.n_genotypes <= rows
    if space.n_genotypes is not None and space.n_networks is not None:
        assert 0 < space.n_networks <= space.n_genotypes
        X = spaces.sample(space, 20, np.random.default_rng(8))
        assert (space.copies(X) >= 1).all()


@each_space
def test_distance_is_a_metric_on_canonical_rows(space: spaces.Space) -> None:
    X = spaces.sample(space, 20, np.random.default_rng(6))
    D = spaces.distance(space, X, X)
    assert (np.diag(D) == 0).all()
    assert np.allclose(D, D.T)
    assert (D[:, :, None] <= D[:, None, :] + D[None, :, :].transpose(0, 2, 1) + 1e-12).all()


@each_space
def test_one_hot_tells_rows_apart(space: spaces.Space) -> None:
    X = np.unique(spaces.sample(space, 100, np.random.default_rng(7)), axis=0)
    for ordinal in (True, False):
        Z = spaces.one_hot(space, X, ordinal=ordinal)
        assert ((Z >= 0) & (Z <= 1)).all()
        assert len(np.unique(Z, axis=0)) == len(X)


@each_space
def test_empty_populations_work(space: spaces.Space) -> None:
    X = np.empty((0, len(space.genes)), dtype=np.int64)
    assert space.canonical(X).shape == X.shape
    assert space.identity(X).shape == (0,)
    assert space.valid(X).shape == (0,)
    assert space.plan is not None
    assert space.unit_ids(X, live=True).shape == (0, len(space.plan.slots))


@each_space
def test_wrong_genotypes_are_refused(space: spaces.Space) -> None:
    width = len(space.genes)
    for wrong in (np.zeros((1, width + 1), int), np.full((1, width), 99), np.zeros((1, width))):
        with pytest.raises(SpaceError, match=r"expected|takes"):
            space.unit_ids(wrong)


@each_space
def test_plans_mean_the_same_when_made_again(space: spaces.Space) -> None:
    assert space.plan is not None
    again = type(space)(**{f: getattr(space, f) for f in space.__dataclass_fields__})  # type: ignore[attr-defined]
    assert again.plan.fingerprint == space.plan.fingerprint
    assert len({s.plan.fingerprint for s in FULL.values()}) == len(FULL)
