"""Tables: files, predictions, and what is refused."""

from __future__ import annotations

import copy
import json
import os
import pickle
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from latency.toy import ALL, CONV, Toy

from pyhwnas.errors import LatencyTableError
from pyhwnas.latency import Entry, LatencyTable, find_table, find_tables, validate
from pyhwnas.latency.tables import find as find_module
from pyhwnas.networks import build
from pyhwnas.spaces import NASBench201, sample

GOLDEN = Path(__file__).parents[2] / "golden" / "latency"
GOLDEN_MS = {"nasbench201-schema1": 3.2042351910431894, "nasbench201-schema2": 3.549083321463778}
GOLDEN_MJ = 75.78863335177613
GOLDEN_ARCH = (
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|"
    "+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|"
)


@pytest.fixture
def saved(table, tmp_path):
    path = tmp_path / "toy.json"
    table.save(path)
    return path


def test_a_table_comes_back_as_it_was(table, saved):
    again = LatencyTable.load(saved)
    assert again.fingerprint == table.fingerprint
    assert again.device == table.device
    assert again.entries == table.entries
    assert again.accuracy == table.accuracy
    assert again.describe() == {"table": table.name, "sha256": table.fingerprint}
    for other in (pickle.loads(pickle.dumps(again)), copy.deepcopy(again), replace(again)):
        assert other.fingerprint == table.fingerprint
        assert other.entries == table.entries
    with pytest.raises(TypeError, match="does not support item assignment"):
        again.entries[CONV.key] = table.entries[CONV.key]


@pytest.mark.parametrize("name", GOLDEN_MS)
def test_golden_tables_stay_readable(name):
    path = GOLDEN / f"{name}.json"
    table = LatencyTable.load(path)
    space = NASBench201()
    assert table.covers(space)
    row = space.from_str(GOLDEN_ARCH)[None]
    assert table.predict(space, row)[0] == pytest.approx(GOLDEN_MS[name], rel=1e-12)
    stored = json.loads(path.read_text())
    assert stored["schema"] == int(name[-1])
    assert table.fingerprint == stored["sha256"], "an older file keeps its hash"
    assert not [finding for finding in validate(path, space) if finding.level == "error"]


def test_the_golden_energies_stay_readable():
    table = LatencyTable.load(GOLDEN / "nasbench201-schema2.json")
    space = NASBench201()
    row = space.from_str(GOLDEN_ARCH)[None]
    assert table.predict_energy(space, row)[0] == pytest.approx(GOLDEN_MJ, rel=1e-12)
    low, high = table.energy_interval(space, row)
    assert 0 < low[0] < GOLDEN_MJ < high[0]
    assert all(len(entry.process_mj) == 3 for entry in table.entries.values())


def test_what_is_not_known_is_left_out_and_comes_back(table, tmp_path):
    entry = Entry(ms=1.0, quality="published")
    values = replace(table.entries[CONV.key], process_ms=(0.5, -0.1))
    unknown = {"reference_ms": None, "contention": None, "disturbed": None, "seconds": None}
    entries = {CONV.key: values, "8x8x8: relu": entry}
    other = replace(table, entries=entries, accuracy=None, **unknown)
    other.save(tmp_path / "other.json")
    again = LatencyTable.load(tmp_path / "other.json")
    assert (again.entries, again.fingerprint) == (other.entries, other.fingerprint)
    stored = json.loads((tmp_path / "other.json").read_text())["entries"]["8x8x8: relu"]
    assert stored == {"ms": 1.0, "samples": 0, "processes": 0, "quality": "published"}
    assert not again.noisy


def test_predictions_are_the_sum_over_built_networks(table):
    space = Toy()
    predicted = table.predict(space, ALL)
    for row, value in zip(ALL, predicted, strict=True):
        if row.any():
            units = [block.unit for block in build(space, row).blocks]
            total = sum(table.entries[unit.key].ms for unit in units if unit.nodes)
            assert value == pytest.approx(table.scale * total, rel=1e-12)
            assert table.predict_network(build(space, row)) == pytest.approx(value, rel=1e-12)
        else:
            assert np.isnan(value)


def test_rows_and_threads_do_not_matter():
    table = LatencyTable.load(GOLDEN / "nasbench201-schema1.json")
    space = NASBench201()
    X = sample(space, 500, np.random.default_rng(0))
    together = table.predict(space, X)
    np.testing.assert_array_equal(table.predict(space, X, threads=3), together)
    np.testing.assert_array_equal(
        np.concatenate([table.predict(space, X[:7]), table.predict(space, X[7:])]), together
    )


def test_identity_is_free_and_no_path_has_no_latency(table):
    space = Toy()
    skip, both, none = table.predict(space, np.array([[1, 0], [1, 1], [0, 0]]))
    (add,) = (entry.ms for key, entry in table.entries.items() if "add" in key)
    assert both - skip == pytest.approx(table.scale * add, abs=1e-12)
    assert np.isnan(none)
    assert table.unit_ms(Toy().plan.slots[1].candidates[0]) == 0.0


def test_intervals_hold_the_prediction(table):
    low, high = table.interval(Toy(), ALL)
    wide_low, wide_high = table.interval(Toy(), ALL, level=0.99)
    center = table.predict(Toy(), ALL)
    live = ~np.isnan(center)
    assert np.all((low <= center)[live] & (center <= high)[live])
    assert np.all((wide_low <= low)[live] & (high <= wide_high)[live])
    with pytest.raises(ValueError, match="level"):
        table.interval(Toy(), ALL, level=1.0)
    with pytest.raises(LatencyTableError, match="not checked"):
        replace(table, accuracy=None).interval(Toy(), ALL)


def test_intervals_know_poorly_measured_units(table):
    entry = table.entries[CONV.key]
    poor = replace(entry, process_ms=(0.0, 10 * entry.ms))
    wider = replace(table, entries={**table.entries, CONV.key: poor})
    X = np.array([[1, 2], [1, 3]])  # the first has the convolution
    (low, high), (wide_low, wide_high) = table.interval(Toy(), X), wider.interval(Toy(), X)
    assert wide_high[0] > high[0]
    assert wide_low[0] <= low[0]
    assert (wide_low[1], wide_high[1]) == (low[1], high[1])
    sharp = {
        key: replace(e, process_ms=(), low_ms=None, high_ms=None)
        for key, e in table.entries.items()
    }
    low, high = replace(table, entries=sharp).interval(Toy(), X)
    center = table.predict(Toy(), X)
    np.testing.assert_allclose(high - center, (high / center - 1)[0] * center, rtol=1e-12)
    assert (high[1] - center[1]) / center[1] == pytest.approx((high[0] - center[0]) / center[0])


def test_an_interval_that_was_cut_off_at_zero_is_no_narrower():
    whole = Entry(ms=1.0, low_ms=0.5, high_ms=1.5, quality="interpolated")
    cut = Entry(ms=1.0, low_ms=0.0, high_ms=3.0, quality="interpolated")
    assert cut.deviation_ms == pytest.approx(4 * whole.deviation_ms)
    assert replace(cut, high_ms=None).deviation_ms == 0.0


def test_rows_with_all_their_units(table):
    entries = {key: entry for key, entry in table.entries.items() if key != CONV.key}
    partial = replace(table, entries=entries)
    assert partial.knows(Toy(), np.array([[1, 2], [1, 3], [0, 0]])).tolist() == [False, True, False]
    assert partial.missing(Toy()) == [CONV.key]


def test_a_missing_unit_is_named(table):
    entries = {key: entry for key, entry in table.entries.items() if key != CONV.key}
    partial = replace(table, entries=entries)
    assert not partial.covers(Toy())
    with pytest.raises(LatencyTableError) as caught:
        partial.predict(Toy(), np.array([[1, 2]]))
    assert CONV.key in str(caught.value)
    assert "pyhwnas profile --space toy" in str(caught.value)
    with pytest.raises(LatencyTableError, match="conv8k3"):
        partial.predict_network(build(Toy(), [0, 2]))
    assert partial.predict(Toy(), np.array([[1, 3]]))[0] > 0


def test_other_devices_are_told_apart(table):
    device = table.device
    assert table.matches(device) == []
    other = replace(device, cpu="Another CPU", threads=4, precision="int8")
    differences = table.matches(other)
    assert len(differences) == 3
    assert f"cpu: expected {device.cpu}, got Another CPU" in differences


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data | {"schema": 3}, "schema 1 to 2, got 3; upgrade"),
        (lambda data: data | {"schema": 0}, "schema 1 to 2, got 0; measure again"),
        (lambda data: data | {"scale": float("nan")}, "NaN is not a number"),
        (lambda data: data | {"scale": data["scale"] * 1.01}, "edited or damaged"),
        (lambda data: {k: v for k, v in data.items() if k != "sha256"}, "edited or damaged"),
        (lambda data: {k: v for k, v in data.items() if k != "scale"}, "edited or damaged"),
        (list, "other JSON"),
        (lambda data: {"schema": "one"}, "other JSON"),
        (lambda data: data | {"schema": True}, "other JSON"),
    ],
)
def test_files_that_are_not_as_they_were_written(saved, change, message):
    saved.write_text(json.dumps(change(json.loads(saved.read_text()))))
    with pytest.raises(LatencyTableError, match=message) as caught:
        LatencyTable.load(saved)
    assert str(saved) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [('{"schema": 2, "scale": 1e999}', "1e999 is not a number"), (100_000 * "[", "recursion")],
)
def test_json_that_is_out_of_bounds(saved, text, message):
    saved.write_text(text)
    with pytest.raises(LatencyTableError, match=f"damaged file .*{message}"):
        LatencyTable.load(saved)


def test_half_a_file(saved):
    saved.write_text(saved.read_text()[: saved.stat().st_size // 2])
    with pytest.raises(LatencyTableError, match="damaged file"):
        LatencyTable.load(saved)


def test_saving_leaves_the_old_file_where_it_fails(table, saved, monkeypatch):
    before = saved.read_text()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        replace(table, scale=2.0).save(saved)
    assert saved.read_text() == before
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]


def test_a_folder_that_cannot_be_written(table, tmp_path):
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(0o500)
    if os.access(folder, os.W_OK):
        pytest.skip("this user may write anywhere")
    with pytest.raises(PermissionError):
        table.save(folder / "toy.json")


def test_files_are_for_everyone_and_line_by_line(table, saved):
    assert saved.stat().st_mode & 0o777 == 0o644
    lines = saved.read_text().splitlines()
    assert sum(CONV.key in line and '"median_ms"' in line for line in lines) == 1


def test_tables_are_found_in_order(table, tmp_path, monkeypatch):
    user, given, packaged = (tmp_path / name for name in ("user", "given", "packaged"))
    monkeypatch.setattr(find_module, "user_folder", lambda: user)
    monkeypatch.setattr(find_module, "_packaged", lambda: [packaged])
    assert find_table(Toy(), table.device) is None
    for scale, folder in enumerate((packaged, user, given), 1):
        replace(table, scale=float(scale)).save(folder / "sub" / "toy.json")
    (given / "bad.json").write_text("{")
    (given / "schema.json").write_text("{")
    found = find_tables(tables_dir=given)
    assert [path.parent.parent.name for path, _ in found[1:]] == ["given", "user", "packaged"]
    assert isinstance(found[0][1], LatencyTableError)
    assert find_table(Toy(), table.device, tables_dir=given).scale == 3.0
    assert find_table(Toy(), table.device).scale == 2.0
    assert len(find_tables(packaged=False)) == 1
    assert find_table(Toy(), replace(table.device, threads=2)) is None
    assert find_table(NASBench201(), table.device) is None


def test_finding_says_what_it_passes_over(table, tmp_path, monkeypatch):
    monkeypatch.setattr(find_module, "user_folder", lambda: tmp_path)
    other = replace(table, device=replace(table.device, cpu="Another CPU", kernel="0"))
    other.save(tmp_path / "a.json")
    (tmp_path / "b.json").write_text("{")
    said: list[str] = []
    assert find_table(Toy(), table.device, packaged=False, say=said.append) is None
    assert [text.partition(":")[0] for text in said] == ["Passed over", "Not this device's"]
    said.clear()
    found = find_table(Toy(), table.device, packaged=False, any_device=True, say=said.append)
    assert found.fingerprint == other.fingerprint
    assert any("another device's table: cpu" in text for text in said)
    table.save(tmp_path / "c.json")
    found = find_table(Toy(), table.device, packaged=False, any_device=True)
    assert found.fingerprint == table.fingerprint


def test_the_schema_names_every_field(saved):
    schema = json.loads((Path(__file__).parents[3] / "latency_tables/schema.json").read_text())
    data = json.loads(saved.read_text())
    assert schema["required"] == [name for name in schema["properties"] if name != "energy"]
    assert set(schema["required"]) == set(data)
    parts = schema["properties"]
    assert set(parts["device"]["required"]) == set(data["device"])
    assert set(parts["accuracy"]["oneOf"][1]["required"]) == set(data["accuracy"])
    entry = parts["entries"]["additionalProperties"]
    assert set(entry["properties"]) == {field.name for field in fields(Entry)}
