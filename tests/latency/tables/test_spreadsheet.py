"""Tables as columns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from latency.tables.synthetic import HERE, made
from latency.toy import ALL, Toy

from pyhwnas.errors import LatencyTableError
from pyhwnas.latency import named_device, read_csv, write_csv

PHONE = named_device("A phone")
KEY = "8x8x8: relu"


def test_there_and_back(tmp_path):
    table = made()
    write_csv(table, tmp_path / "table.csv")
    again = read_csv(tmp_path / "table.csv", Toy(), PHONE)
    for key, entry in table.entries.items():
        other = again.entries[key]
        assert (other.ms, other.low_ms, other.high_ms) == (entry.ms, entry.low_ms, entry.high_ms)
    assert (again.predict(Toy(), ALL[1:]) == table.predict(Toy(), ALL[1:])).all()
    assert again.accuracy is None
    assert "no error stated by its authors" in again.summary()
    assert again.matches(HERE)
    again.save(tmp_path / "again.json")
    assert again.load(tmp_path / "again.json").fingerprint == again.fingerprint


def test_the_scale_goes_into_the_numbers(tmp_path):
    table = replace(made(), scale=1.3)
    write_csv(table, tmp_path / "table.csv")
    again = read_csv(tmp_path / "table.csv", Toy(), PHONE)
    assert again.scale == 1.0
    np.testing.assert_allclose(again.predict(Toy(), ALL[1:]), table.predict(Toy(), ALL[1:]))


def test_other_columns_are_left_alone(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(f'unit,watt,ms\n"{KEY}",3,0.5\n')
    (entry,) = read_csv(path, Toy(), PHONE).entries.values()
    assert (entry.ms, entry.low_ms, entry.quality) == (0.5, None, "published")


def test_what_spreadsheets_write(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(f"unit,ms\r\n{KEY},0.5\r\n", encoding="utf-8-sig")
    assert list(read_csv(path, Toy(), PHONE).entries) == [KEY]
    path.write_text(f"unit,ms\n{KEY},0.5\n", encoding="utf-16")
    with pytest.raises(LatencyTableError, match=r"table\.csv: expected columns .* in UTF-8"):
        read_csv(path, Toy(), PHONE)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "expected columns unit, ms"),
        ("unit,s\n", "got unit, s"),
        ("unit,ms\nconv,1\n", "line 2: not a unit key"),
        (f"unit,ms\n{KEY},fast\n", "line 2: expected ms in milliseconds, 0 or more, got 'fast'"),
        (f"unit,ms\n{KEY},-1\n", "got '-1'"),
        (f"unit,ms\n{KEY},nan\n", "got 'nan'"),
        (f"unit,ms\n{KEY},\n", "got ''"),
        (f"unit,ms\n{KEY}\n", "got ''"),
        (f"unit,ms\n{KEY},1\n{KEY},2\n", "line 3: unit '8x8x8: relu' stands there twice"),
        (f"unit,ms,low_ms,high_ms\n{KEY},1,2,3\n", "low_ms <= ms <= high_ms"),
        (f"unit,ms,low_ms\n{KEY},1,2\n", "low_ms <= ms <= high_ms, got 2.0, 1.0, None"),
        ("unit,ms\n", "no line but the head"),
        ('unit,ms\n"' + 200_000 * "x", "got other text"),
    ],
)
def test_lines_that_are_no_entries(tmp_path, text, words):
    path = tmp_path / "table.csv"
    path.write_text(text)
    with pytest.raises(LatencyTableError, match=words) as caught:
        read_csv(path, Toy(), PHONE)
    assert "table.csv" in str(caught.value)
