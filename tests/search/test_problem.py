"""Problems: what they refuse, and what becomes of values that are missing."""

from __future__ import annotations

import numpy as np
import pytest
from search.toy import Mean, Toy, code

from pyhwnas import EvaluationError, Problem, SpaceError, objectives, spaces
from pyhwnas.problem import AtLeast, AtMost, Objective

SPACE = Toy()
MACS = objectives.Macs(SPACE)


def test_objectives_are_checked():
    with pytest.raises(ValueError, match="at least one"):
        Problem(SPACE, ())
    with pytest.raises(ValueError, match="distinct, got macs, macs"):
        Problem(SPACE, (MACS, MACS))
    with pytest.raises(ValueError, match=r"layers: objective 4, problem 5"):
        Problem(Toy(5), (MACS,))
    with pytest.raises(TypeError, match="PerNetwork"):
        Problem(SPACE, (abs,))
    with pytest.raises(ValueError, match="sense is one of min, max, got 'up'"):
        Problem(SPACE, (Mean(sense="up"),))
    Problem(Toy(), (MACS,))  # an equal space will do
    assert isinstance(MACS, Objective)


def test_constraints_and_settings_are_checked():
    with pytest.raises(ValueError, match=r"names no objective; got macs"):
        Problem(SPACE, (MACS,), constraints=(AtMost("latency_ms", 20),))
    with pytest.raises(ValueError, match="finite"):
        Problem(SPACE, (MACS,), constraints=(AtMost("macs", np.nan),))
    with pytest.raises(ValueError, match="'canonical' or 'identity'"):
        Problem(SPACE, (MACS,), dedupe="rows")
    with pytest.raises(ValueError, match="one value for each of macs"):
        Problem(SPACE, (MACS,), ref_point=(1.0, 2.0))


def test_values_signs_and_cost():
    problem = Problem(SPACE, (Mean(), MACS))
    X = np.array([[0, 0, 0, 0], [2, 2, 2, 2]])
    values, errors = problem.evaluate(X)
    assert errors == ("", "")
    np.testing.assert_array_equal(values[:, 1], [4 * 1024, 4 * 25 * 1024])
    np.testing.assert_array_equal(problem.minimised(values), values * [-1, 1])
    cheap = problem.evaluate(X, "cheap")
    assert np.isnan(cheap.values[:, 0]).all()
    assert cheap.errors == ("", "")
    assert np.isnan(problem.evaluate(X, "expensive").values[:, 1]).all()
    with pytest.raises(SpaceError):
        problem.evaluate([[0, 0, 0, 3]])


def test_only_the_guilty_row_fails():
    X = np.array([[0, 0, 0, 0], [1, 0, 0, 0], [2, 0, 0, 0]])
    guilty = code(X[1])
    values, errors = Problem(SPACE, (Mean(raise_at=guilty), MACS)).evaluate(X)
    fine = Problem(SPACE, (Mean(), MACS)).evaluate(X).values
    assert np.isnan(values[1, 0])
    assert values[1, 1] == fine[1, 1]
    np.testing.assert_array_equal(values[[0, 2]], fine[[0, 2]])
    assert "RuntimeError: no luck with 1" in errors[1]
    assert "Traceback" in errors[1]
    assert errors[0] == errors[2] == ""
    _, errors = Problem(SPACE, (Mean(nan_at=guilty), MACS)).evaluate(X)
    assert errors == ("", "objective quality returned NaN", "")
    values, errors = Problem(SPACE, (Mean(infinite_at=guilty), MACS)).evaluate(X)
    assert values[1, 0] == -np.inf
    assert errors == ("", "", "")


class Partial(Mean):
    def __call__(self, X):
        values = super().__call__(X)
        if len(X) > 1:
            values[1] = np.nan
            raise EvaluationError("one row", values=values, errors={1: "the board hung up"})
        raise AssertionError("measured rows are not measured again")


class Wrong(Mean):
    def __call__(self, X):
        return super().__call__(X)[:, None]


def test_partial_results_are_kept():
    values, errors = Problem(SPACE, (Partial(),)).evaluate([[0] * 4, [1] * 4, [2] * 4])
    assert np.isnan(values[:, 0]).tolist() == [False, True, False]
    assert errors == ("", "the board hung up", "")


def test_a_wrong_shape_is_an_error_of_the_objective():
    with pytest.raises(ValueError, match=r"one value for each of 2 rows, shape \(2,\), got shape"):
        Problem(SPACE, (Wrong(),)).evaluate([[0] * 4, [1] * 4])


def test_violation_is_the_relative_excess():
    problem = Problem(
        SPACE, (Mean(), MACS), constraints=(AtMost("macs", 100), AtLeast("quality", -2))
    )
    values = np.array([[0, 100], [-3, 150], [np.nan, 50], [5, np.inf]], dtype=float)
    np.testing.assert_array_equal(problem.violation(values), [0, 1, np.inf, np.inf])
    assert AtMost("x", 0).violation(np.array([2.0])) == 2


def test_rows_that_count_as_the_same():
    space = spaces.NASBench201()
    macs = objectives.Macs(space)
    X = np.array([[1, 0, 0, 0, 2, 0], [2, 0, 0, 0, 1, 0]])  # skip then conv, conv then skip
    rows, functions = (
        Problem(space, (macs,), dedupe=dedupe).key(X) for dedupe in ("canonical", "identity")
    )
    assert rows[0] != rows[1]
    assert functions[0] == functions[1]


def test_a_description_has_the_space_once():
    description = Problem(SPACE, (Mean(), MACS), ref_point=(0, 1e6)).describe()
    assert description["space"] == {"type": "search.toy.Toy", "layers": 4}
    assert [o["name"] for o in description["objectives"]] == ["quality", "macs"]
    assert "space" not in description["objectives"][0]
    assert description["ref_point"] == [0.0, 1e6]
