"""Tables that should not be believed."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from latency.tables.synthetic import THERE, made
from latency.toy import CONV, Toy

from pyhwnas.latency import LatencyTable, admission, validate
from pyhwnas.latency.tables.entry import INTERPOLATED
from pyhwnas.latency.tables.plain import digest
from pyhwnas.spaces import NASBench201


def texts(path, space=None, level="error"):
    return [finding.text for finding in validate(path, space) if finding.level == level]


@pytest.fixture
def file(tmp_path):
    def write(table: LatencyTable, **changes):
        path = tmp_path / "table.json"
        table.save(path)
        if changes:
            data = json.loads(path.read_text()) | changes
            content = {k: v for k, v in data.items() if k not in ("schema", "sha256")}
            path.write_text(json.dumps(data | {"sha256": digest(content)}))
        return path

    return write


def test_a_sound_table(file):
    assert validate(file(made()), Toy()) == []
    assert admission(made()) == []


def test_an_edited_file(file):
    path = file(made())
    path.write_text(path.read_text().replace('"scale": ', '"scale": 1'))
    (text,) = texts(path)
    assert "SHA-256" in text


def test_no_table_at_all(tmp_path):
    path = tmp_path / "table.json"
    for content, word in (("{", "damaged"), ("[]", "other JSON"), ('{"schema": 9}', "upgrade")):
        path.write_text(content)
        (text,) = texts(path)
        assert word in text
    with pytest.raises(FileNotFoundError):
        validate(tmp_path / "nowhere.json")


def test_numbers_that_cannot_be(file):
    entry = made().entries[CONV.key]
    plain = {"ms": -1.0, "quality": "ok", "samples": 1, "processes": 1.5}
    found = texts(file(made(), entries={CONV.key: plain}))
    assert f"entries.{CONV.key}.ms: -1.0 is less than the minimum of 0" in found
    assert f"entries.{CONV.key}.processes: 1.5 is not of type 'integer'" in found
    for change in ({"low_ms": 2 * entry.ms}, {"high_ms": entry.ms / 2}):
        table = replace(made(), entries={CONV.key: replace(entry, **change)})
        assert "low_ms <= ms <= high_ms" in texts(file(table))[0]
    assert "scale: 0 is less than or equal to the minimum of 0" in texts(file(made(), scale=0))[0]
    path = file(made())
    path.write_text(path.read_text().replace('"seconds": 10.0', '"seconds": NaN'))
    assert "NaN is not a number" in texts(path)[0]


def test_fields_that_are_not_there_or_should_not_be(file):
    path = file(made(), colour="red")
    assert texts(path) == [
        "the file: Additional properties are not allowed ('colour' was unexpected)"
    ]
    data = json.loads(path.read_text())
    del data["device"]["cpu"]
    path.write_text(json.dumps(data))
    assert "device: 'cpu' is a required property" in texts(path)


def test_keys_that_are_no_units(file):
    entry = made().entries[CONV.key]
    found = texts(file(replace(made(), entries={"conv": entry, "8x8x8:  relu": entry})))
    assert "'conv'" in found[0]
    assert "as pyhwnas writes it" in found[1]
    assert texts(file(replace(made(), entries={}))) == ["there are no units in the table"]


def test_units_that_are_not_covered(file):
    fewer = {key: entry for key, entry in made().entries.items() if key != CONV.key}
    path = file(replace(made(), entries=fewer))
    (text,) = texts(path, Toy())
    assert CONV.key in text
    assert "pyhwnas profile --space toy" in text
    assert texts(path, NASBench201()) == []
    (text,) = texts(path, NASBench201(), "warning")
    assert "not in the table" in text
    assert "other options" in text


def scaled(entry, factor):
    return replace(
        entry, ms=factor * entry.ms, low_ms=factor * entry.low_ms, high_ms=factor * entry.high_ms
    )


def test_mixed_units_of_time(file):
    entries = made().entries
    entries = {**entries, CONV.key: scaled(entries[CONV.key], 1e-3)}
    (text,) = texts(file(replace(made(), entries=entries)), Toy(), "warning")
    assert "mixed" in text


def test_what_speaks_against_a_table(file):
    entry = made().entries[CONV.key]
    poor = replace(entry, low_ms=entry.ms, high_ms=entry.ms, quality="contended")
    table = replace(
        made(), entries={CONV.key: poor}, contention=1.5, accuracy=None, failed={"x": "it crashed"}
    )
    found = "\n".join(texts(file(table), level="warning"))
    for word in ("no length", "quality", "unsteady", "not known", "could not be timed"):
        assert word in found


def test_rules_of_admission():
    table = made()
    poor = replace(table.entries[CONV.key], quality=INTERPOLATED)
    worse = replace(
        table,
        anchor_ms=(1.0,),
        entries={CONV.key: poor},
        disturbed=0.9,
        accuracy=replace(table.accuracy, mape=30.0, held_out=table.accuracy.held_out[:2]),
    )
    found = "\n".join(finding.text for finding in admission(worse))
    for word in ("3 processes, got 1", "8 held-out networks, got 2", "unsteady", "30.0 %", "inter"):
        assert word in found
    others = replace(table, device=THERE, accuracy=None, anchor_ms=())
    assert len(admission(others)) == 2
    assert admission(replace(table, accuracy=replace(table.accuracy, mape=11.0, floor=9.0)))
