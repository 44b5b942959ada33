"""Front and hypervolume of studies against Optuna's."""

import numpy as np
import pytest

from pyhwnas import moo
from pyhwnas.interop.optuna import best_trials, hypervolume

optuna = pytest.importorskip("optuna")


@pytest.fixture(autouse=True)
def quiet():
    optuna.logging.set_verbosity(optuna.logging.WARNING)


def study_of(V, directions, constraints=None):
    study = optuna.create_study(directions=directions)
    for row, values in enumerate(V):
        attributes = {} if constraints is None else {"constraints": constraints[row]}
        study.add_trial(
            optuna.trial.create_trial(values=list(map(float, values)), system_attrs=attributes)
        )
    return study


def numbers(trials):
    return [trial.number for trial in trials]


DIRECTIONS = [
    ("minimize", "maximize"),
    ("maximize",) * 3,
    ("minimize", "minimize", "maximize", "minimize"),
    ("minimize",),
    ("maximize",),
]


@pytest.mark.parametrize("directions", DIRECTIONS)
@pytest.mark.parametrize("integers", [True, False])
def test_best_trials_are_those_of_optuna(directions, integers):
    rng = np.random.default_rng(0)
    shape = (60, len(directions))
    V = rng.integers(0, 6, shape) if integers else rng.random(shape)
    study = study_of(V, directions)
    assert numbers(best_trials(study)) == numbers(study.best_trials)


def test_equal_trials_of_one_objective_are_all_best():
    study = study_of([[3], [1], [1], [2]], ["minimize"])
    assert numbers(best_trials(study)) == numbers(study.best_trials) == [1, 2]


@pytest.mark.parametrize("directions", DIRECTIONS)
def test_constraints_are_honoured(directions):
    rng = np.random.default_rng(1)
    V = rng.random((50, len(directions)))
    constraints = rng.normal(size=(50, 2)) - 0.5
    study = study_of(V, directions, constraints.tolist())
    found = numbers(best_trials(study))
    assert found == numbers(study.best_trials)
    assert (constraints[found] <= 0).all()
    nothing = study_of(V, directions, [[1.0]] * 50)
    assert best_trials(nothing) == nothing.best_trials == []
    assert hypervolume(nothing, np.ones(len(directions))) == 0.0


def test_constraints_of_some_trials_and_infinite_values():
    study = study_of([[0, 0], [1, 1], [np.inf, 5], [-1, -np.inf]], ["minimize", "maximize"])
    study.add_trial(
        optuna.trial.create_trial(values=[-1.0, 9.0], system_attrs={"constraints": [1.0]})
    )
    study.add_trial(
        optuna.trial.create_trial(values=[0.5, 0.6], system_attrs={"constraints": [0.0, -1.0]})
    )
    study.add_trial(
        optuna.trial.create_trial(values=[0.2, 0.5], system_attrs={"constraints": [np.nan]})
    )
    assert numbers(best_trials(study)) == numbers(study.best_trials)


@pytest.mark.skipif(
    not hasattr(optuna.trial.Trial, "set_constraint"), reason="Optuna before 5 has no such method"
)
def test_constraints_that_the_objective_sets():
    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        if trial.number % 3:
            trial.set_constraint("room", x - 0.5)
        return x, x * x

    study = optuna.create_study(
        directions=["minimize", "maximize"], sampler=optuna.samplers.RandomSampler(seed=0)
    )
    study.optimize(objective, n_trials=30)
    assert numbers(best_trials(study)) == numbers(study.best_trials)


def test_trials_without_values_are_skipped():
    study = study_of([[1, 3], [2, 2]], ["minimize", "minimize"])
    for state in ("FAIL", "RUNNING", "WAITING", "PRUNED"):
        study.add_trial(optuna.trial.create_trial(state=optuna.trial.TrialState[state]))
    study.add_trial(optuna.trial.create_trial(values=[3.0, 1.0]))
    assert numbers(best_trials(study)) == numbers(study.best_trials) == [0, 1, 6]
    assert hypervolume(study, [4, 4]) == 6.0
    empty = study_of([], ["minimize", "minimize"])
    assert best_trials(empty) == []
    assert hypervolume(empty, [4, 4]) == 0.0


def test_what_is_returned_is_a_copy():
    study = study_of([[1, 3]], ["minimize", "minimize"])
    best_trials(study)[0].set_user_attr("mark", 1)
    assert study.trials[0].user_attrs == {}


@pytest.mark.parametrize("directions", DIRECTIONS)
def test_hypervolume_respects_directions(directions):
    V = np.random.default_rng(2).random((40, len(directions)))
    signs = np.where(np.array(directions) == "maximize", -1.0, 1.0)
    ref_point = np.where(signs > 0, 0.9, 0.1)
    volume = hypervolume(study_of(V, directions), ref_point)
    assert volume == moo.hypervolume(V * signs, ref_point * signs)
    minimised = study_of(V * signs, ["minimize"] * len(directions))
    compute = pytest.importorskip("optuna._hypervolume").compute_hypervolume
    loss = np.array([trial.values for trial in minimised.trials])
    inside = loss[(loss <= ref_point * signs).all(axis=1)]
    assert volume == pytest.approx(compute(inside, ref_point * signs), rel=1e-12)


def test_bad_arguments_are_named():
    with pytest.raises(TypeError, match=r"study must be an optuna\.Study, got list"):
        best_trials([])
    study = study_of([[1, 3]], ["minimize", "minimize"])
    with pytest.raises(ValueError, match=r"ref_point must have 2 values, one for each .* got 3"):
        hypervolume(study, [1, 2, 3])
    with pytest.raises(ValueError, match="NaN"):
        hypervolume(study, [1, np.nan])
