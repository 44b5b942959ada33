"""Crowding, indicators and samples: the same bits wherever the arrays lie."""

import homes
import numpy as np
import pytest

from pyhwnas import moo


def ties(rng, n, m):
    """Few values: ties, equal rows, zeros of both signs, infinities."""
    return rng.choice([-np.inf, -1.0, -0.0, 0.0, 0.5, 2.0, np.inf], (n, m))


def cube(rng, n, m):
    return rng.random((n, m))


def sphere(rng, n, m):
    """No row dominates another."""
    F = np.abs(rng.standard_normal((n, m))) + 1e-3
    return F / np.linalg.norm(F, axis=1, keepdims=True)


def integers(rng, n, m):
    return rng.integers(0, 5, (n, m)).astype(float)


def named(*kinds):
    return pytest.mark.parametrize("kind", kinds, ids=lambda kind: kind.__name__)


def same(result, expected):
    assert result.dtype == np.asarray(expected).dtype
    np.testing.assert_array_equal(result, expected)


class TestCrowding:
    # Up to 1024 rows fit into one block.
    @named(ties, cube)
    @pytest.mark.parametrize("n", [0, 1, 2, 3, 64, 100, 1025])
    @pytest.mark.parametrize("m", [0, 1, 3])
    @pytest.mark.parametrize("n_fronts", [None, 4, 1000])
    def test_has_the_bits_of_the_cpu(self, kind, n, m, n_fronts, home, frozen):
        rng = np.random.default_rng([n, m])
        F = frozen(kind(rng, n, m))
        if n_fronts is None:
            same(home.numpy(moo.crowding_distance(home.array(F))), moo.crowding_distance(F))
            return
        # The numbers of fronts are only names.
        ranks = frozen(rng.integers(-2, n_fronts - 2, n).astype(np.int32) * 1_000_000)
        result = moo.crowding_distance(home.array(F), home.array(ranks))
        same(home.numpy(result), moo.crowding_distance(F, ranks))

    def test_extreme_ranks_and_values(self, home):
        for n in (9, 1100):
            F = np.resize([-1.7e308, 0.0, 1.7e308, -np.inf, np.inf, 1e-320, 3e-320], (n, 2))
            ranks = np.resize(np.array([2**31 - 1, -(2**31), 0], np.int32), n)
            result = moo.crowding_distance(home.array(F), home.array(ranks))
            same(home.numpy(result), moo.crowding_distance(F, ranks))

    def test_wrong_ranks_are_refused(self, home):
        F = home.array(np.zeros((4, 6, 3)))
        with pytest.raises(ValueError, match=r"ranks must have shape \(4, 6\), got \(4, 5\)"):
            moo.crowding_distance(F, home.array(np.zeros((4, 5), np.int32)))
        with pytest.raises(ValueError, match=r"ranks must have 2 dimensions, got shape \(6,\)"):
            moo.crowding_distance(F, home.array(np.zeros(6, np.int32)))

    @pytest.mark.gpu
    @pytest.mark.parametrize(("n", "m"), [(100_003, 3), (1_000_000, 2)])
    def test_many_rows_agree_with_the_cpu(self, n, m):
        home = homes.torch()
        rng = np.random.default_rng(n)
        for F in (cube(rng, n, m), integers(rng, n, m)):
            for ranks in (np.zeros(n, np.int32), rng.integers(0, 500, n).astype(np.int32)):
                result = moo.crowding_distance(home.array(F), home.array(ranks))
                same(home.numpy(result), moo.crowding_distance(F, ranks))


OF_TWO_SETS = ["igd", "igd_plus", "epsilon_additive", "epsilon_multiplicative"]


@pytest.mark.parametrize("name", OF_TWO_SETS)
class TestIndicators:
    @named(sphere, integers)
    @pytest.mark.parametrize(("n", "r"), [(1, 1), (1, 300), (300, 1), (65, 129)])
    @pytest.mark.parametrize("m", [1, 2, 3, 8, 11, 14])
    def test_have_the_bits_of_the_cpu(self, name, kind, n, r, m, home, frozen):
        rng = np.random.default_rng([n, m])
        F, R = frozen(kind(rng, n, m) * 1.1 + 0.25), frozen(kind(rng, r, m) + 0.25)
        function = getattr(moo, name)
        result = home.numpy(function(home.array(F), home.array(R)))
        assert result.shape == ()
        same(result, function(F, R))

    @pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e160, 1e300])
    def test_have_the_bits_of_the_cpu_at_any_scale(self, name, scale, home):
        rng = np.random.default_rng(0)
        F, R = (rng.random((40, 3)) + 0.1) * scale, (rng.random((70, 3)) + 0.1) * scale
        F[:, 2] = R[:, 2] = 1e300
        function = getattr(moo, name)
        for some in (F, F[:5] ** 0.5):
            same(home.numpy(function(home.array(some), home.array(R))), function(some, R))

    @pytest.mark.parametrize("penalty", [1e130, 1e200, np.finfo(np.float64).max])
    def test_have_the_bits_of_the_cpu_beside_a_row_far_away(self, name, penalty, home):
        rng = np.random.default_rng(1)
        F, R = np.vstack([rng.random((40, 3)), np.full((1, 3), penalty)]), rng.random((70, 3)) + 0.1
        function = getattr(moo, name)
        same(home.numpy(function(home.array(F), home.array(R))), function(F, R))

    def test_wrong_sets_are_refused(self, name, home):
        function, fine = getattr(moo, name), home.array(np.ones((2, 3)))
        with pytest.raises(ValueError, match=r"^R must have rows and columns, got shape \(0, 3\)$"):
            function(fine, home.array(np.ones((0, 3))))
        with pytest.raises(ValueError, match=r"^R must have as many columns as F, 3, got 2$"):
            function(fine, home.array(np.ones((2, 2))))
        with pytest.raises(ValueError, match=r"^F must have 2 dimensions, got shape \(1, 2, 3\)$"):
            function(home.array(np.ones((1, 2, 3))), fine)
        for value in (np.inf, -np.inf, np.nan):
            F = np.ones((2, 3))
            F[1, 2] = value
            with pytest.raises(ValueError, match=f"^F must be finite, got {value} in row 1, col"):
                function(home.array(F), fine)
        if name == "epsilon_multiplicative":
            with pytest.raises(ValueError, match=r"^R must be positive, got 0.0 in row 0, column"):
                function(fine, home.array(np.zeros((2, 3))))

    @pytest.mark.gpu
    @pytest.mark.parametrize(("n", "r", "m"), [(5000, 100_000, 3), (100_000, 5000, 8)])
    def test_large_sets_agree_with_the_cpu(self, name, n, r, m):
        home = homes.torch()
        rng = np.random.default_rng(n)
        F, R = sphere(rng, n, m) * 1.05, sphere(rng, r, m)
        function = getattr(moo, name)
        same(home.numpy(function(home.array(F), home.array(R))), function(F, R, threads=16))


def volume(F, ref_point, n_samples, method="rays"):
    return moo.hypervolume_approx(F, ref_point, n_samples, 7, method=method)


def box_volume(F, ref_point, n_samples):
    return volume(F, ref_point, n_samples, "box")


def contributions(F, ref_point, n_samples):
    return moo.hypervolume_contributions_approx(F, ref_point, n_samples, 7)


@pytest.mark.parametrize(
    "function", [volume, box_volume, contributions], ids=lambda function: function.__name__
)
class TestSamples:
    def check(self, function, F, ref_point, n_samples, home):
        results = function(home.array(F), ref_point, n_samples)
        for result, expected in zip(results, function(F, ref_point, n_samples), strict=True):
            same(home.numpy(result), expected)

    @named(cube, sphere, integers)
    @pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 3), (30, 1), (70, 2), (70, 3), (40, 7)])
    def test_have_the_bits_of_the_cpu(self, function, kind, n, m, home, frozen):
        F = frozen(kind(np.random.default_rng([n, m]), n, m))
        for n_samples in (2, 17, 100, 1500):
            self.check(function, F, np.full(m, 1.2), n_samples, home)

    # From 12 columns on rows are not in registers, from 32 on lattices are not lattices.
    @pytest.mark.parametrize(("n", "m"), [(20, 9), (20, 13), (5, 40)])
    def test_of_many_objectives(self, function, n, m, home):
        F = sphere(np.random.default_rng(n), n, m)
        self.check(function, F, np.full(m, 1.1), 1100, home)

    def test_parts_and_groups_add_up_in_the_same_order(self, function, home):
        F = sphere(np.random.default_rng(0), 5, 3)
        for n_samples in (33_000, 70_000):  # two and four parts a lattice
            self.check(function, F, np.full(3, 1.1), n_samples, home)

    def test_of_sides_of_all_sizes(self, function, home):
        F = cube(np.random.default_rng(0), 30, 4)
        scale = np.array([2.0**900, 2.0**-900, 1e300, 1e-300])
        self.check(function, F * scale, 1.5 * scale, 1500, home)

    def test_of_a_batch_are_those_of_its_problems(self, function, home):
        rng = np.random.default_rng(0)
        F = np.stack([cube(rng, 40, 3), sphere(rng, 40, 3), integers(rng, 40, 3), ties(rng, 40, 3)])
        F[np.isneginf(F)] = 0.5
        self.check(function, F, np.full(3, 1.2), 1100, home)
        for values, alone in zip(
            function(F, np.full(3, 1.2), 1100),
            zip(*(function(one, np.full(3, 1.2), 1100) for one in F), strict=True),
            strict=True,
        ):
            np.testing.assert_array_equal(values, np.stack(alone))
        for values in function(home.array(F[:0]), np.full(3, 1.2), 1100):
            assert len(home.numpy(values)) == 0

    def test_without_rows_within_the_reference_point(self, function, home):
        for F in (np.empty((0, 2)), np.ones((3, 2)), np.array([[0.5, np.inf]])):
            self.check(function, F, np.ones(2), 100, home)

    def test_take_a_reference_point_from_anywhere(self, function, home):
        F = home.array(cube(np.random.default_rng(0), 20, 2))
        first = function(F, home.array(np.full(2, 1.5)), 100)
        for point in ([1.5, 1.5], np.full(2, 1.5)):
            for value, expected in zip(function(F, point, 100), first, strict=True):
                np.testing.assert_array_equal(home.numpy(value), home.numpy(expected))

    def test_wrong_points_are_refused(self, function, home):
        F = home.array(np.zeros((3, 2)))
        for point in (np.ones(3), home.array(np.ones(3))):
            with pytest.raises(ValueError, match=r"^ref_point must have 2 entries, got 3$"):
                function(F, point, 100)
        for point in ([0.0, np.nan], home.array(np.array([0.0, np.nan]))):
            with pytest.raises(ValueError, match=r"^ref_point must not hold NaN, got NaN at ind"):
                function(F, point, 100)
        with pytest.raises(ValueError, match=r"^F must have at least one column, got none$"):
            function(home.array(np.zeros((3, 0))), [], 100)
        with pytest.raises(ValueError, match=r"^F must have at most 1000 columns, got more$"):
            function(home.array(np.zeros((3, 1001))), np.ones(1001), 100)

    @pytest.mark.gpu
    @pytest.mark.parametrize(("n", "m"), [(100, 5), (200, 10), (1500, 8)])
    def test_many_samples_have_the_bits_of_the_cpu(self, function, n, m):
        home = homes.torch()
        F = sphere(np.random.default_rng(n), n, m)
        self.check(function, F, np.full(m, 1.1), 1 << 17, home)

    @pytest.mark.gpu
    def test_many_problems_have_the_bits_of_the_cpu(self, function):
        home = homes.torch()
        F = np.random.default_rng(0).random((1000, 100, 4))
        self.check(function, F, np.ones(4), 4096, home)


def test_an_infinite_volume(home):
    F = np.array([[-np.inf, 0.0]])
    values = [home.numpy(x) for x in moo.hypervolume_approx(home.array(F), [1, 1], 100, 0)]
    assert values == [np.inf, 0]
    with pytest.raises(
        ValueError, match=r"^ref_point - F must be finite, got a row that is infini"
    ):
        moo.hypervolume_contributions_approx(home.array(F), [1, 1], 100, 0)
    with pytest.raises(
        ValueError, match=r"^ref_point - F must be finite, got a row that is infini"
    ):
        moo.hypervolume_contributions_approx(home.array(F[:, 1:]), [np.inf], 100, 0)


class TestBatches:
    """Problems of up to 1024 rows, each in a block."""

    FUNCTIONS = (
        moo.nondominated_sort,
        moo.dominance_counts,
        moo.nondominated_mask,
        lambda F: moo.nondominated_mask(F, keep_equal=False),
        moo.crowding_distance,
    )

    @named(ties, cube)
    @pytest.mark.parametrize("n", [0, 1, 32, 33, 100])
    @pytest.mark.parametrize("m", [0, 1, 2, 5, 9, 13])
    def test_are_their_problems(self, kind, n, m, home):
        F = kind(np.random.default_rng([n, m]), 3 * n, m).reshape(3, n, m)
        for function in self.FUNCTIONS:
            same(home.numpy(function(home.array(F))), np.stack([function(one) for one in F]))

    @pytest.mark.parametrize("n", [880, 1024])  # the bits of more need 128 KiB of shared memory
    def test_of_the_most_rows(self, n, home):
        F = np.random.default_rng(0).random((1, n, 3))
        F[0, :300] = np.arange(300)[:, None]  # a front each
        for function in self.FUNCTIONS:
            same(home.numpy(function(home.array(F))), function(F))

    def test_of_more_rows(self, home):
        F = np.random.default_rng(0).random((2, 1030, 2))
        for function in self.FUNCTIONS:
            same(home.numpy(function(home.array(F))), function(F))

    def test_crowding_within_fronts(self, home):
        F = np.random.default_rng(0).integers(0, 6, (5, 60, 3)) / 8
        ranks = moo.nondominated_sort(F)
        result = moo.crowding_distance(home.array(F), home.array(ranks))
        same(home.numpy(result), moo.crowding_distance(F, ranks))

    @pytest.mark.gpu
    @pytest.mark.parametrize(("b", "n", "m"), [(1000, 100, 3), (70_000, 20, 2), (200, 1024, 8)])
    def test_many_have_the_bits_of_the_cpu(self, b, n, m):
        home = homes.torch()
        F = np.random.default_rng(b).random((b, n, m))
        for function in self.FUNCTIONS:
            same(home.numpy(function(home.array(F))), function(F))


def test_one_small_input_of_each(home):
    """What a sanitizer has the time for."""
    F = np.random.default_rng(0).random((70, 3))
    ranks, ref_point = moo.nondominated_sort(F), np.ones(3)
    for function in (
        lambda F, G: (moo.crowding_distance(F),),
        lambda F, G: (moo.epsilon_additive(F, G),),
        lambda F, G: (moo.epsilon_multiplicative(F, G),),
        lambda F, G: (moo.igd_plus(F, G),),
        lambda F, G: moo.hypervolume_approx(F, ref_point, 1100, 0),
        lambda F, G: moo.hypervolume_contributions_approx(F, ref_point, 1100, 0),
    ):
        results = function(home.array(F), home.array(F[:40] ** 2))
        for result, expected in zip(results, function(F, F[:40] ** 2), strict=True):
            same(home.numpy(result), expected)
    for function in TestBatches.FUNCTIONS:
        same(home.numpy(function(home.array(F[None]))), function(F[None]))
    many, fronts = np.tile(F, (15, 1)), np.tile(ranks, 15)
    result = moo.crowding_distance(home.array(many), home.array(fronts))
    same(home.numpy(result), moo.crowding_distance(many, fronts))
