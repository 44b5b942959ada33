"""Surrogates against functions whose shape is known."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyhwnas import surrogates
from pyhwnas._describe import describe
from pyhwnas.errors import MissingExtraError
from pyhwnas.surrogates import CART, MLP, RBF, AdaptiveSwitching, GaussianProcess, Kriging, Warped
from pyhwnas.surrogates.cart import _Forest
from pyhwnas.surrogates.switching import kendall_tau

pytest.importorskip("sklearn")
pytest.importorskip("scipy")
torch = pytest.importorskip("torch")

ALL = [RBF(), GaussianProcess(), Kriging(), CART(trees=40), MLP(epochs=5)]
ALL += [AdaptiveSwitching((RBF(), CART(trees=5)), folds=3), Warped(RBF())]
NAMED = pytest.mark.parametrize("surrogate", ALL, ids=lambda s: type(s).__name__)


def rng(seed=0):
    return np.random.default_rng(seed)


def choices(n, seed=0, genes=8, values=3):
    return rng(seed).integers(0, values, size=(n, genes)).astype(float)


@NAMED
def test_a_surrogate_is_settings_alone(surrogate):
    assert isinstance(surrogate, surrogates.Surrogate)
    assert pickle.loads(pickle.dumps(surrogate)) == surrogate
    assert describe(surrogate)["type"].endswith(type(surrogate).__name__)


@NAMED
def test_the_same_numbers_again(surrogate):
    X = choices(30)
    y = X @ np.arange(8.0)
    first, second = (surrogate.fit(X, y, rng(5)).predict(choices(9, 1)) for _ in range(2))
    assert first.dtype == np.float64
    assert first.shape == (9,)
    np.testing.assert_array_equal(first, second)


@NAMED
@pytest.mark.parametrize("n", [1, 2, 3, 5, 12])
def test_few_rows(surrogate, n):
    X = choices(n)
    predicted = surrogate.fit(X, X[:, 0] * 1e6, rng()).predict(choices(7, 1))
    assert np.isfinite(predicted).all()
    assert surrogate.fit(X, X[:, 0], rng()).predict(X[:0]).shape == (0,)


@NAMED
def test_constant_values_stay_constant(surrogate):
    predicted = surrogate.fit(choices(20), np.full(20, 7.5), rng()).predict(choices(5, 1))
    np.testing.assert_allclose(predicted, 7.5)


@NAMED
def test_equal_and_constant_features(surrogate):
    X = np.ones((12, 3))
    np.testing.assert_allclose(
        surrogate.fit(X, np.arange(12.0), rng()).predict(X[:2]), 5.5, atol=1.5
    )


@NAMED
def test_what_cannot_be_learned_is_refused(surrogate):
    with pytest.raises(ValueError, match="at least one row"):
        surrogate.fit(np.empty((0, 3)), np.empty(0), rng())
    with pytest.raises(ValueError, match="shapes"):
        surrogate.fit(choices(4), np.zeros(3), rng())
    with pytest.raises(ValueError, match="leave failed rows out"):
        surrogate.fit(choices(4), np.array([1, 2, np.nan, 3]), rng())


@NAMED
def test_global_random_states_are_left_alone(surrogate):
    before = torch.random.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    surrogate.fit(choices(20), choices(20)[:, 0], rng())
    assert torch.equal(torch.random.get_rng_state(), before[0])
    np.testing.assert_array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002


@pytest.mark.parametrize(
    "surrogate",
    [RBF(), GaussianProcess(), Kriging(), CART(trees=200), MLP(epochs=60)],
    ids=lambda s: type(s).__name__,
)
def test_ranks_of_an_additive_function(surrogate):
    X, new = choices(120), choices(60, 1)
    weights = 2.0 ** -np.arange(8)
    fitted = surrogate.fit(X, 70 + X @ weights, rng())
    assert kendall_tau(fitted.predict(new), new @ weights) > 0.7


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 1000), st.integers(12, 40))
def test_rbf_solves_the_system_of_the_paper(seed, n):
    generator = rng(seed)
    X, new, y = generator.random((n, 3)), generator.random((5, 3)), generator.random(n)
    eta = 1e-3
    distance = np.linalg.norm(X[:, None] - X[None], axis=2)
    tail = np.hstack([X, np.ones((n, 1))])
    system = np.block([[distance**3 + eta * np.eye(n), tail], [tail.T, np.zeros((4, 4))]])
    weights = np.linalg.solve(system, np.append(y, np.zeros(4)))
    basis = np.linalg.norm(new[:, None] - X[None], axis=2) ** 3
    expected = np.hstack([basis, new, np.ones((5, 1))]) @ weights
    predicted = RBF(smoothing=eta).fit(X, y, generator).predict(new)
    np.testing.assert_allclose(predicted, expected, rtol=1e-6, atol=1e-6)


def test_rbf_interpolates_and_its_tail_is_linear():
    X = choices(40)
    y = np.sin(X @ np.arange(8.0))
    np.testing.assert_allclose(RBF().fit(X, y, rng()).predict(X), y, atol=1e-3)
    plane = X @ np.arange(8.0) - 3
    far = 10 + choices(5, 1)
    predicted = RBF().fit(X, plane, rng()).predict(far)
    np.testing.assert_allclose(predicted, far @ np.arange(8.0) - 3, rtol=1e-6)


def test_rbf_on_one_hot_features_and_few_rows_is_a_plane():
    X = (choices(6, values=2)[:, :, None] == np.arange(2)).reshape(6, -1).astype(float)
    fitted = RBF().fit(X, X[:, 0], rng())
    np.testing.assert_allclose(fitted.predict(X), X[:, 0], atol=1e-6)
    middle = fitted.predict(X.mean(axis=0, keepdims=True))
    np.testing.assert_allclose(middle, X[:, 0].mean(), atol=1e-6)


def test_kriging_continues_a_plane_and_passes_through_the_examples():
    X = choices(60)
    y = X @ np.arange(8.0) + 5
    fitted = Kriging().fit(X, y, rng())
    far = 5 + choices(5, 1)
    np.testing.assert_allclose(fitted.predict(far), far @ np.arange(8.0) + 5, rtol=0.02)
    bent = np.sin(X @ np.arange(8.0))
    np.testing.assert_allclose(Kriging().fit(X, bent, rng()).predict(X), bent, atol=1e-3)


def test_gaussian_process_goes_back_to_the_mean_far_away():
    X = choices(40, values=2)
    fitted = GaussianProcess().fit(X, np.sin(3 * X @ np.arange(8.0)), rng())
    far = fitted.predict(X[:3] + 1e4)
    np.testing.assert_allclose(far, far[0])
    noisy = 10 * X[:, 0] + rng(1).normal(size=40)
    assert abs(GaussianProcess().fit(X, noisy, rng()).predict(X) - 10 * X[:, 0]).mean() < 0.9


def test_the_forest_is_the_mean_of_its_trees():
    tree = pytest.importorskip("sklearn.tree")
    X, new = choices(50, values=5), choices(300, 1, values=5)
    y = rng().random(50)
    subsets = [rng(seed).permutation(8)[: 1 + seed % 8] for seed in range(20)]
    grown = [tree.DecisionTreeRegressor(random_state=0).fit(X[:, s], y) for s in subsets]
    expected = np.mean([t.predict(new[:, s]) for t, s in zip(grown, subsets, strict=True)], axis=0)
    forest = _Forest([t.tree_ for t in grown], subsets)
    np.testing.assert_allclose(forest.predict(new), expected, rtol=1e-12)


def test_trees_are_fully_grown_and_step_half_way():
    X = np.array([[0.0], [1.0], [4.0]])
    fitted = CART(trees=3).fit(X, np.array([1.0, 5.0, 2.0]), rng())
    np.testing.assert_allclose(fitted.predict(X), [1, 5, 2])
    np.testing.assert_allclose(fitted.predict(np.array([[0.4], [0.6], [2.4], [9.0]])), [1, 5, 5, 2])


def test_the_perceptron_learns_and_the_unit_makes_no_difference():
    X = choices(80)
    y = X[:, 0] - X[:, 1]
    small = MLP(epochs=100).fit(X, y, rng()).predict(X)
    assert np.corrcoef(small, y)[0, 1] > 0.9
    large = MLP(epochs=100).fit(X, 1e9 * y, rng()).predict(X)
    np.testing.assert_allclose(large / 1e9, small, atol=1e-3)
    raw = MLP(epochs=100, standardise=False).fit(X, y, rng()).predict(X)
    assert np.corrcoef(raw, y)[0, 1] > 0.9


def test_switching_takes_what_ranks_best():
    X = choices(60)
    plane, step = X @ np.arange(8.0), np.where(X[:, 0] * X[:, 1] > 0, 1.0, 0.0) + 1e-3 * X[:, 2]
    switching = AdaptiveSwitching((CART(trees=10), RBF()), folds=5)
    scores = switching.scores(X, plane, rng())
    assert scores.shape == (2,)
    assert scores[1] > 0.9 > scores[0]
    fitted = switching.fit(X, plane, rng())
    np.testing.assert_allclose(fitted.predict(X), plane, atol=1e-6)
    assert np.argmax(switching.scores(X, step, rng())) == 0


def test_the_score_by_definition():
    class Stub:
        def fit(self, X, y, rng):
            return self

        def predict(self, X):
            return X[:, 0]

    X = choices(20, values=9)
    y = X[:, 0] + X[:, 1]
    switching = AdaptiveSwitching((Stub(),), folds=4, criterion="folds")
    parts = np.array_split(rng(3).permutation(20), 4)
    tau = [kendall_tau(X[part, 0], y[part]) for part in parts]
    np.testing.assert_allclose(switching.scores(X, y, rng(3)), np.mean(tau) - np.std(tau))
    pooled = AdaptiveSwitching((Stub(),), folds=4)
    np.testing.assert_allclose(pooled.scores(X, y, rng(3)), kendall_tau(X[:, 0], y))


def test_tau_of_what_has_no_order_is_the_worst():
    line = np.arange(5.0)
    assert kendall_tau(line, line) == pytest.approx(1)
    assert kendall_tau(line, -line) == pytest.approx(-1)
    assert kendall_tau(np.ones(5), line) == kendall_tau(line, np.ones(5)) == -1
    assert kendall_tau(line[:1], line[:1]) == -1


def test_warped_values_are_taken_back_and_the_tail_is_tamed():
    X = choices(40)
    y = X @ np.arange(8.0)
    y[:3] = 1e4
    warped = Warped(RBF()).fit(X, y, rng())
    np.testing.assert_allclose(warped.predict(X), y, rtol=1e-3, atol=1e-3)
    new = choices(60, 1)
    truth = new @ np.arange(8.0)
    plain = RBF().fit(X, y, rng())
    assert kendall_tau(warped.predict(new), truth) > kendall_tau(plain.predict(new), truth)
    assert np.isfinite(warped.predict(1e3 * new)).all()
    half = np.where(np.arange(40) < 25, 0.0, y)
    predicted = (s.fit(X, half, rng()).predict(new) for s in (Warped(RBF()), RBF()))
    np.testing.assert_array_equal(*predicted)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RBF(smoothing=-1), "smoothing: expected at least 0"),
        (lambda: CART(trees=0), "trees: expected at least 1"),
        (lambda: MLP(epochs=0), "epochs: expected at least 1"),
        (lambda: GaussianProcess(steps=0), "steps: expected at least 1"),
        (lambda: Kriging(steps=0), "steps: expected at least 1"),
        (lambda: AdaptiveSwitching(()), "at least one surrogate"),
        (lambda: AdaptiveSwitching(folds=1), "two folds"),
        (lambda: AdaptiveSwitching(criterion="mean"), "'pooled' or 'folds'"),
    ],
)
def test_settings_are_checked(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_no_warning_escapes_and_a_missing_library_is_named(monkeypatch):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        X = choices(10)
        GaussianProcess(steps=1).fit(X, np.exp(10 * X[:, 0]), rng()).predict(X)
    monkeypatch.setitem(__import__("sys").modules, "sklearn.tree", None)
    with pytest.raises((MissingExtraError, ModuleNotFoundError)):
        CART(trees=1).fit(X, X[:, 0], rng())
