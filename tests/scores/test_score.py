"""Scores of many networks in one file."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from scores.columns import SPACE, Column, picky, third

from pyhwnas import Problem, objectives, proxies, scores, spaces
from pyhwnas.errors import MissingExtraError, SpaceError, StoreError
from pyhwnas.scores.files import write_scores


def problem(*columns: Column) -> Problem:
    return Problem(SPACE, (*columns, objectives.Macs(SPACE)))


def drawn(n: int, seed: int = 0) -> list[np.ndarray]:
    return list(scores.drawn(SPACE, n, seed))


def test_what_is_written_is_read(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"scores{suffix}"
    stated, blocks = problem(Column(third)), drawn(200)
    done = scores.score(stated, blocks, path)
    assert done == scores.Scored(200, 0)
    table = scores.read_scores(path)
    X = np.concatenate(blocks)
    assert table.archs == tuple(map(SPACE.to_str, X))
    assert (table.names, table.units) == (("mine", "macs"), ("mJ", ""))
    assert np.array_equal(table.values, stated.evaluate(X).values)
    assert not any(table.errors)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_units_and_genes_stand_in_the_head(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    scores.score(problem(Column(third)), drawn(3), path)
    with path.open(newline="") as file:
        head, *rows = csv.reader(file)
    genes = [f"{gene.name} [gene]" for gene in SPACE.genes]
    assert head == ["arch", *genes, "mine [mJ]", "macs", "error"]
    assert [list(map(int, row[1:6])) for row in rows] == drawn(3)[0].tolist()


def test_units_and_senses_in_parquet(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    scores.score(problem(Column(third)), drawn(3), tmp_path / "scores.parquet")
    schema = parquet.read_schema(tmp_path / "scores.parquet")
    assert schema.field("mine").metadata == {b"unit": b"mJ", b"sense": b"max"}
    assert schema.field("macs").metadata == {b"unit": b"", b"sense": b"min"}
    assert schema.field(SPACE.genes[0].name).metadata == {b"unit": b"gene"}


def test_failures_are_rows_and_the_rest_goes_on(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"scores{suffix}"
    (X,) = drawn(100)
    told: list[scores.Scored] = []
    done = scores.score(problem(Column(picky)), [X], path, on_rows=told.append)
    table = scores.read_scores(path)
    raised, without = X[:, 0] == 1, (X[:, 0] != 1) & (X[:, 1] == 0)
    assert raised.any()
    assert without.any()
    assert np.isnan(table.values[raised | without, 0]).all()
    assert np.isneginf(table.values[~raised & (X[:, 1] == 1), 0]).all()
    assert np.isposinf(table.values[~raised & (X[:, 1] == 2), 0]).all()
    assert np.isfinite(table.values[:, 1]).all()
    for row, error in enumerate(table.errors):
        expected = "out of luck" if raised[row] else "objective mine returned NaN"
        assert error == (expected if raised[row] or without[row] else "")
    assert done == told[-1]
    assert (done.done, done.failed) == (100, int((raised | without).sum()))
    assert scores.score(problem(Column(picky)), [X], path, resume=True) == done


class Killed(BaseException):
    """Comes at any moment."""


@pytest.mark.parametrize("after", [1, 2, 4])
def test_interrupted_and_continued_is_the_same_file(
    tmp_path: Path, suffix: str, after: int
) -> None:
    blocks = np.array_split(drawn(700)[0], 2)
    whole, parts = tmp_path / f"whole{suffix}", tmp_path / f"parts{suffix}"
    scores.score(problem(Column(picky)), blocks, whole)

    def stop(at: scores.Scored) -> None:
        nonlocal left
        left -= 1
        if not left:
            raise Killed

    for _ in range(2):
        left = after + 1
        with pytest.raises(Killed):
            scores.score(problem(Column(picky)), blocks, parts, resume=True, on_rows=stop)
        assert not parts.exists()
    column = Column(picky)
    scores.score(problem(column), np.array_split(np.concatenate(blocks), 7), parts, resume=True)
    assert parts.read_bytes() == whole.read_bytes()
    assert sum(column.asked) < sum(Column(picky).asked) + 2 * 700
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([parts.name, whole.name])


def stopped(path: Path, stated: Problem, blocks: list[np.ndarray]) -> None:
    def stop(at: scores.Scored) -> None:
        if at.done:
            raise Killed

    with pytest.raises(Killed):
        scores.score(stated, blocks, path, on_rows=stop)


def test_only_the_same_rows_and_columns_are_continued(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    stopped(path, problem(Column(third)), drawn(100))
    for stated, blocks, words in (
        (problem(Column(third)), drawn(100, seed=1), "scores of other networks"),
        (problem(Column(third)), drawn(3), "expected at most 3"),
        (problem(Column(third, name="other")), drawn(100), r"objectives\[0\].name: stored mine"),
        (problem(), drawn(100), "holds other scores"),
        (Problem(SPACE, (proxies.SynflowExpected(SPACE),)), drawn(100), "holds other scores"),
    ):
        with pytest.raises(StoreError, match=words):
            scores.score(stated, blocks, path, resume=True)
    with pytest.raises(StoreError, match="interrupted run"):
        scores.score(problem(Column(third)), drawn(100), path)
    # A longer draw begins with a shorter one.
    assert scores.score(problem(Column(third)), drawn(120), path, resume=True).done == 120
    scores.score(problem(Column(third)), drawn(120), tmp_path / "fresh.csv")
    assert path.read_bytes() == (tmp_path / "fresh.csv").read_bytes()


def test_a_finished_file_is_not_written_again(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"scores{suffix}"
    scores.score(problem(Column(third)), drawn(10), path)
    with pytest.raises(StoreError, match="is there already; choose another file, or delete it"):
        scores.score(problem(Column(third)), drawn(10), path)
    column = Column(third)
    assert scores.score(problem(column), drawn(10), path, resume=True).done == 10
    assert not column.asked
    with pytest.raises(StoreError, match="with the scores mine, macs"):
        scores.score(problem(), drawn(10), path, resume=True)
    for others in (drawn(9), drawn(11), [X[::-1] for X in drawn(10)]):
        with pytest.raises(StoreError, match="with scores of other networks"):
            scores.score(problem(Column(third)), others, path, resume=True)


def test_rows_that_are_none_and_bad_names(tmp_path: Path) -> None:
    stated = problem(Column(third))
    with pytest.raises(ValueError, match=r"scores.txt: expected a name that ends in .csv"):
        scores.score(stated, drawn(3), tmp_path / "scores.txt")
    with pytest.raises(ValueError, match="at least one"):
        scores.score(stated, [], tmp_path / "scores.csv")
    with pytest.raises(SpaceError, match="genotype matrix"):
        scores.score(stated, [np.zeros((2, 3), dtype=np.int64)], tmp_path / "scores.csv")
    assert not list(tmp_path.iterdir())
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        scores.score(stated, drawn(3), tmp_path / "file" / "scores.csv")


def test_a_damaged_partial_file_is_named(tmp_path: Path) -> None:
    partial = tmp_path / "scores.csv.partial"
    partial.write_bytes(b"no database" * 100)
    with pytest.raises(StoreError, match=r"scores.csv.partial is no"):
        scores.score(problem(Column(third)), drawn(3), tmp_path / "scores.csv", resume=True)
    assert partial.read_bytes() == b"no database" * 100


def test_a_column_of_which_nothing_is_known(tmp_path: Path) -> None:
    class Unknown(Column):
        describe = None  # type: ignore[assignment]

    with pytest.raises(ValueError, match="describe"):
        scores.score(
            problem(Unknown(lambda x: 0.0, name=object())),  # type: ignore[arg-type]
            drawn(3),
            tmp_path / "scores.csv",
        )


def test_parquet_without_pyarrow_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'pyhwnas\[parquet\]'"):
        scores.score(problem(), drawn(3), tmp_path / "scores.parquet")
    assert not list(tmp_path.iterdir())


def test_nothing_half_written_stays(tmp_path: Path, suffix: str) -> None:
    def chunks():  # type: ignore[no-untyped-def]
        yield scores.journal.Rows(["a", "b"], drawn(2)[0], np.zeros((2, 1)), ["", ""])
        raise Killed

    path = tmp_path / f"scores{suffix}"
    path.write_text("before")
    with pytest.raises(Killed):
        write_scores(path, problem(), chunks())
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    assert path.read_text() == "before"


def test_architectures_with_commas(tmp_path: Path, suffix: str) -> None:
    space = spaces.DARTS()
    X = np.concatenate(list(scores.drawn(space, 20, 0)))
    path = tmp_path / f"scores{suffix}"
    scores.score(Problem(space, (objectives.Params(space),)), [X], path)
    table = scores.read_scores(path)
    assert table.names == ("params",)
    assert np.array_equal([space.from_str(arch) for arch in table.archs], X)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "a column 'arch' and columns of scores, got nothing"),
        ("arch,error\n", "columns of scores"),
        ("name,score\na,1\n", "'arch'"),
        ("arch,arch,score\na,b,1\n", "'arch'"),
        ("arch,score,score\na,1,2\n", "distinct columns"),
        ("arch,score [a],score [b]\na,1,2\n", "distinct columns"),
        ("arch,score\na,1\nb\n", "line 3: expected 2 values, got 1"),
        ("arch,score\na,good\n", "line 2: column 'score' is to hold numbers, got 'good'"),
    ],
)
def test_tables_that_are_none(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=words):
        scores.read_scores(path)


def test_own_tables(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    text = "score,arch,kernel [gene],latency [ms]\n1e300,a,3,\n nan ,b,4,2\n-inf,,5,3\n"
    path.write_text(text.replace("\n", "\r\n"), encoding="utf-8-sig")  # as spreadsheets do
    table = scores.read_scores(path)
    assert table.archs == ("a", "b", "")
    assert (table.names, table.units) == (("score", "latency"), ("", "ms"))
    assert np.array_equal(
        table.values, [[1e300, np.nan], [np.nan, 2], [-np.inf, 3]], equal_nan=True
    )
    path.write_bytes(b"arch,score\n\xff\xfe,1\n")
    with pytest.raises(ValueError, match="expected a table in CSV, got other bytes"):
        scores.read_scores(path)


def test_a_parquet_file_that_is_none(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "mine.parquet"
    path.write_bytes(b"PAR1 nothing else")
    with pytest.raises(ValueError, match=r"mine.parquet: expected a table of scores in Parquet"):
        scores.read_scores(path)
    parquet.write_table(arrow.table({"arch": ["a"], "score": ["good"]}), path)
    with pytest.raises(ValueError, match=r"mine.parquet: expected a table of scores in Parquet"):
        scores.read_scores(path)
    parquet.write_table(arrow.table({"arch": ["a", "b"], "score": [1, None]}), path)
    assert np.array_equal(scores.read_scores(path).values, [[1], [np.nan]], equal_nan=True)
