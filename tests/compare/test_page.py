"""What a comparison leaves: numbers that fit together, files that open."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from compare import contest

from pyhwnas.compare import Comparison, read_curves, run_all, write_comparison
from pyhwnas.compare.runs import store_of
from pyhwnas.errors import StoreError
from pyhwnas.search import load_history

for module in ("matplotlib", "jinja2", "scipy"):
    pytest.importorskip(module)

HERE = Path(contest.__file__)
COMPARISON = Comparison(
    problem=f"{HERE}:problem",
    optimizers=("random", "few=pyhwnas.optimizers:NSGA2"),
    options={"few": {"population": 5}},
    seeds=4,
    evals=40,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("page")
    run_all(COMPARISON, path)
    write_comparison(COMPARISON, path)
    return path


def test_curves_are_those_of_the_runs(folder):
    curves = read_curves(COMPARISON, folder)
    history = load_history(store_of(folder, "few", 2))[0]
    np.testing.assert_array_equal(curves.volume["few"][2], history.hypervolume_trace())
    assert curves.ref_point.tolist() == [-11.0, 230e6]
    assert curves.best_is == "all runs together"
    assert curves.best >= max(volume.max() for volume in curves.volume.values())
    gap = curves.log_gap("few")
    assert np.isfinite(gap).all()
    assert (np.diff(gap, axis=1) <= 0).all()


def test_a_reference_point_for_all_runs_where_none_is_stated(tmp_path):
    comparison = Comparison(
        problem=f"{HERE}:unbounded", optimizers=("random", "again=random"), seeds=2, evals=20
    )
    run_all(comparison, tmp_path)
    curves = read_curves(comparison, tmp_path)
    values = np.concatenate(
        [load_history(store_of(tmp_path, "random", s))[0].values for s in range(2)]
    )
    assert curves.ref_point[0] < values[:, 0].min()
    assert curves.ref_point[1] > values[:, 1].max()
    np.testing.assert_array_equal(curves.volume["random"], curves.volume["again"])


def test_files_hold_the_same_numbers(folder):
    summary = json.loads((folder / "compare.json").read_text())
    curves = read_curves(COMPARISON, folder)
    assert summary["results"]["few"]["final"] == curves.volume["few"][:, -1].tolist()
    assert summary["seeds"] == [0, 1, 2, 3]
    assert {(s["optimizer"], s["rival"]) for s in summary["speedups"]} == {
        ("random", "few"),
        ("few", "random"),
    }
    assert len(summary["rank_sum_tests_holm"]) == 1
    with (folder / "curves.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 80
    last = [row for row in rows if row["optimizer"] == "few"][-1]
    assert float(last["mean"]) == pytest.approx(curves.volume["few"][:, -1].mean(), rel=1e-15)
    for name in ("hypervolume.png", "gap.png"):
        assert (folder / name).read_bytes().startswith(b"\x89PNG")


def test_the_page_says_who_is_better_and_escapes_what_comes_from_outside(folder, tmp_path):
    page = (folder / "compare.html").read_text()
    final = read_curves(COMPARISON, folder).volume
    best = max(final, key=lambda label: final[label][:, -1].mean())
    assert f"After 40 evaluations {best} has the largest mean hypervolume" in page
    assert page.count("<img") == 2
    assert "http" not in page.partition("</style>")[2].replace("http://www.w3.org", "")
    strange = Comparison(
        problem=COMPARISON.problem,
        optimizers=("random",),
        options={"random": {"step": 3}},
        seeds=1,
        evals=3,
    )
    run_all(strange, tmp_path)
    write_comparison(strange, tmp_path)
    page = (tmp_path / "compare.html").read_text()
    assert "there is nothing to compare it with" in page
    assert "Is the difference chance?" not in page
    assert "[options.&#34;random&#34;]" in page


def test_a_missing_run_is_named(folder):
    more = Comparison(problem=COMPARISON.problem, optimizers=("random", "rb-ifa"), seeds=4)
    with pytest.raises(StoreError, match=r"rb-ifa.seed-0\.sqlite"):
        read_curves(more, folder)
