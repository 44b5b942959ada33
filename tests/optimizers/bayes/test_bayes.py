"""Bayesian optimisation: purity in torch's world, batches, kernels, and what cannot be modelled."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from optimizers.histories import history_of
from search.toy import Mean, Toy

from pyhwnas import Problem, Search, moo, objectives, spaces
from pyhwnas.optimizers import Bayes, LaMOO
from pyhwnas.optimizers.bayes.acquisition import Acquisition, deterministic, observations
from pyhwnas.optimizers.bayes.bayes import _greedy
from pyhwnas.problem import AtLeast, AtMost
from pyhwnas.testing import check_optimizer

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    torch = pytest.importorskip("torch")
    pytest.importorskip("botorch")
pytest.importorskip("sklearn")

SPACE = spaces.NASBench201()
PROBLEM = Problem(SPACE, (Mean(SPACE), objectives.Macs(SPACE)), ref_point=(-20.0, 5e8))
SMALL = {"candidates": 40, "samples": 8}


@pytest.mark.slow
def test_it_keeps_the_promises_of_an_optimizer():
    check_optimizer(Bayes(step=10, candidates=20, samples=4), n=20)


@pytest.mark.slow
def test_inside_regions_it_keeps_them_too():
    check_optimizer(LaMOO(Bayes("qparego", candidates=20, samples=4), step=10), n=20)


def test_torchs_generator_and_threads_are_left_alone():
    torch.manual_seed(5)
    state, threads = torch.random.get_rng_state(), torch.get_num_threads()
    Search(PROBLEM, Bayes(**SMALL), seed=0).run(15)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.get_num_threads() == threads
    with pytest.raises(RuntimeError, match="here"), deterministic(1):
        raise RuntimeError("here")
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize("kernel", ["hamming", "ordinal"])
@pytest.mark.parametrize("space", [SPACE, Toy()], ids=["unordered", "ordinal"])
def test_kernels(kernel, space):
    problem = Problem(space, (Mean(space), objectives.Macs(space)))
    assert len(Search(problem, Bayes(kernel=kernel, **SMALL), seed=0).run(16)) == 16


def test_batches_of_any_size():
    search = Search(PROBLEM, Bayes(**SMALL), seed=0)
    search.run(10)
    assert len(search.ask(1).ids) == 1
    search.run(11)
    assert len(search.ask(12).ids) == 12  # the first five rows are taken to be as predicted


@pytest.mark.parametrize("m", [1, 3, 8])
def test_one_objective_and_many(m):
    several = tuple(Mean(SPACE, name=f"f{i}", seed=i) for i in range(m))
    assert len(Search(Problem(SPACE, several), Bayes(**SMALL), seed=0).run(16)) == 16


def test_constant_objectives_and_infinite_values():
    flat = Problem(Toy(), (objectives.Params(Toy()), Mean(infinite_at=4)))
    assert len(Search(flat, Bayes(**SMALL), seed=0).run(30)) == 30


@pytest.mark.parametrize("criterion", ["qehvi", "qnehvi", "qparego"])
def test_constraints(criterion):
    constraints = (AtMost("macs", 60e6), AtLeast("quality", -5.0))
    problem = Problem(SPACE, PROBLEM.objectives, constraints=constraints, ref_point=(-20.0, 5e8))
    assert len(Search(problem, Bayes(criterion, **SMALL), seed=0).run(20)) == 20


def test_observations_are_standardised_and_clipped():
    F = np.array([[1.0, 5.0], [2.0, 4.0], [3.0, 3.0], [4.0, 2.0], [100.0, np.inf], [np.nan, 1.0]])
    history = history_of(F, ref_point=[200.0, np.inf])
    problem = Problem(Toy(), (Mean(name="f0", sense="min"), Mean(name="f1", sense="min")))
    plain = observations(problem, history, np.arange(6.0)[:, None])
    np.testing.assert_allclose(plain.Y.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(plain.Y.std(axis=0), 1)
    assert plain.Z.ravel().tolist() == [0, 1, 2, 3]  # finite ones
    assert (np.diff(plain.Y[:, 0]) < 0).all()  # maximised
    assert np.isfinite(plain.reference).all()
    clipped = observations(problem, history, np.arange(6.0)[:, None], winsorise=0.5)
    assert clipped.Y[3, 0] == clipped.Y[2, 0] < clipped.Y[1, 0]


def test_violations_are_of_standardised_outcomes():
    problem = Problem(
        Toy(),
        (Mean(name="gain", sense="max"), Mean(name="cost", sense="min")),
        constraints=(AtLeast("gain", 2.5), AtMost("cost", 3.5)),
    )
    F = np.array([[-1.0, 4.0], [-2.0, 3.0], [-3.0, 5.0], [-4.0, 1.0]])
    seen = observations(problem, history_of(F), np.arange(4.0)[:, None])
    at_least, at_most = (violation(seen.Y) for violation in seen.violations)
    np.testing.assert_array_equal(at_least <= 0, [False, False, True, True])
    np.testing.assert_array_equal(at_most <= 0, [False, True, False, True])


def test_expected_improvement_of_what_is_known():
    # Rows so close to what was seen that the model knows them: improvement is exact geometry.
    rng = np.random.default_rng(0)
    Z = rng.random((30, 2))
    F = np.column_stack([Z[:, 0], 1.0 - Z[:, 0] + Z[:, 1]])
    history = history_of(F, ref_point=[1.5, 2.5])
    problem = Problem(Toy(), (Mean(name="f0", sense="min"), Mean(name="f1", sense="min")))
    fresh = rng.random((50, 2))
    truth = np.column_stack([fresh[:, 0], 1.0 - fresh[:, 0] + fresh[:, 1]])
    before = moo.hypervolume(F, [1.5, 2.5])
    gains = [moo.hypervolume(np.vstack([F, f]), [1.5, 2.5]) - before for f in truth]
    with deterministic(0):
        score = Acquisition(
            observations(problem, history, Z),
            fresh,
            unordered=(),
            criterion="qehvi",
            samples=64,
            rng=rng,
        )
        alone = score(np.arange(50), [])
        chosen = _greedy(score, 50, 3)
    assert np.corrcoef(alone, gains)[0, 1] > 0.9
    assert len(set(chosen)) == 3
    # Beside a row that is chosen, the same row again adds next to nothing.
    with deterministic(0):
        again = score(np.array(chosen[:1]), chosen[:1])
    assert again[0] < 0.2 * alone[chosen[0]]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"criterion": "ei"}, "qehvi, qnehvi or qparego"),
        ({"kernel": "rbf"}, "hamming or ordinal"),
        ({"candidates": 0}, "at least 1"),
        ({"initial": 1}, "at least 2"),
        ({"winsorise": 1.0}, "below 1"),
    ],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(ValueError, match=message):
        Bayes(**settings)
