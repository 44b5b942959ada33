"""Which networks are scored."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from search.toy import Toy

from pyhwnas import benchmarks, scores, spaces
from pyhwnas.errors import SpaceError

ALL = [
    spaces.NASBench201(),
    spaces.NATSSize(),
    spaces.DARTS(),
    spaces.FBNet(),
    spaces.NASNet(),
    spaces.MobileNetV3(),
    spaces.Hierarchical(),
    spaces.NASBench101(),
]


def joined(blocks: Iterator[np.ndarray]) -> np.ndarray:
    return np.concatenate(list(blocks))


@pytest.mark.parametrize("space", [spaces.NASBench201(), spaces.NATSSize(), Toy()])
def test_all_rows_of_plain_spaces_in_order(space: spaces.Space) -> None:
    X = joined(scores.every(space))
    assert np.array_equal(X, np.array(list(np.ndindex(*spaces.sizes(space)))))


def test_all_rows_are_valid_and_canonical() -> None:
    space = benchmarks.SmallCells()
    X = joined(scores.every(space))
    raw = np.array(list(np.ndindex(*spaces.sizes(space))))
    valid = raw[space.valid(raw)]
    assert np.array_equal(X, np.unique(space.canonical(valid), axis=0))
    assert len(np.unique(space.identity(X))) == 2532


@pytest.mark.parametrize("space", ALL[2:7], ids=lambda space: space.name)
def test_huge_spaces_are_refused_at_once(space: spaces.Space) -> None:
    with pytest.raises(SpaceError, match=rf"space {space.name} has .*e\+.*--sample.*--archs"):
        scores.every(space)


@pytest.mark.parametrize("space", ALL, ids=lambda space: space.name)
def test_drawn_networks_are_distinct_and_a_shorter_draw_is_a_beginning(
    space: spaces.Space,
) -> None:
    X = joined(scores.drawn(space, 300, 3))
    assert X.shape == (300, len(space.genes))
    assert len(np.unique(X, axis=0)) == 300
    assert space.valid(X).all()
    assert np.array_equal(space.canonical(X), X)
    assert np.array_equal(joined(scores.drawn(space, 100, 3)), X[:100])
    assert not np.array_equal(joined(scores.drawn(space, 100, 4)), X[:100])


def test_all_of_a_space_can_be_drawn() -> None:
    space = Toy()
    X = joined(scores.drawn(space, 81, 0))
    assert len(np.unique(X, axis=0)) == 81


class Narrow(spaces.PlainSpace):
    """Says nothing about its size: two networks."""

    name = "narrow"
    genes = (spaces.Gene("a", 2), spaces.Gene("b", 9))

    def canonical(self, X: np.ndarray) -> np.ndarray:
        return X * [1, 0]


def test_more_than_there_is() -> None:
    with pytest.raises(SpaceError, match="has 81 networks, got 82; score all with --all"):
        scores.drawn(Toy(), 82, 0)
    blocks = scores.drawn(Narrow(), 3, 0)
    assert len(next(blocks)) == 2
    with pytest.raises(SpaceError, match="expected 3 networks of narrow, but after 2"):
        next(blocks)
    assert joined(scores.every(Narrow())).tolist() == [[0, 0], [1, 0]]
    with pytest.raises(ValueError, match="at least 1 network, got 0"):
        scores.drawn(Toy(), 0, 0)
    with pytest.raises(ValueError, match="seed: expected at least 0, got -1"):
        scores.drawn(Toy(), 1, -1)


def test_a_large_draw_streams() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    count = sum(len(X) for X in scores.drawn(spaces.MobileNetV3(), 100_000, 0))
    assert count == 100_000
    whole = 100_000 * 46 * 8
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < whole


@pytest.mark.parametrize("space", ALL, ids=lambda space: space.name)
def test_a_list_of_networks(space: spaces.Space, tmp_path: Path) -> None:
    X = joined(scores.drawn(space, 5, 0))
    path = tmp_path / "archs.txt"
    lines = [
        "# mine",
        "",
        *map(space.to_str, X),
        "  " + ", ".join(map(str, X[0])),
        space.to_str(X[1]),
    ]
    path.write_text("\r\n".join(lines))
    assert np.array_equal(scores.listed(space, path), X[[0, 1, 2, 3, 4, 0, 1]])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "got none"),
        ("# only\n\n", "got none"),
        ("0,1\n1,2,2,1\n0,0,0,0\nxyz\n3,0,0,0\n1,1,1,-1", "line 1 .*line 4 .*line 5 .*and 1 more"),
        ("0-0-0-9", "line 1 .*kernel3"),
        ("nan", "line 1"),
        ("0.5,1,1,1", "line 1"),
        ("99999999999999999999,0,0,0", "line 1"),
    ],
)
def test_bad_lines_are_named(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "archs.txt"
    path.write_text(text)
    with pytest.raises(ValueError, match=f"archs.txt: expected one network of toy a line.*{words}"):
        scores.listed(Toy(), path)


def test_rows_that_the_space_does_not_hold_and_other_bytes(tmp_path: Path) -> None:
    path = tmp_path / "archs.txt"
    space = benchmarks.SmallCells()
    path.write_text(",".join("0" * len(space.genes)))
    with pytest.raises(ValueError, match=r"line 1 .*no valid network of nasbench101-small"):
        scores.listed(space, path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match=r"archs.txt: expected text in UTF-8, got other bytes"):
        scores.listed(space, path)
    with pytest.raises(FileNotFoundError):
        scores.listed(space, tmp_path / "nowhere.txt")
