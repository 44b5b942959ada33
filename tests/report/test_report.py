from __future__ import annotations

import csv
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from report.made_up import make_choice, make_history

from pyhwnas import spaces
from pyhwnas.latency.device import Fingerprint
from pyhwnas.latency.tables.calibrate import Accuracy, NetworkError
from pyhwnas.latency.tables.table import LatencyTable
from pyhwnas.report import write as writing
from pyhwnas.report import write_report

VOID = {"meta", "img", "br", "hr", "input", "link"}
EVIL = '<script>alert("1")</script>\'&"><img src=x onerror=alert(1)>'


class Page(HTMLParser):
    """Elements, addresses and text; raises where tags do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.attributes: list[str] = []
        self.words: list[str] = []
        self.data = ""
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attributes]
        self.addresses += [v for name, v in attributes if name in ("src", "href", "action")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("script", "style"):
            self.words.append(data)
        elif data.startswith('{"columns"'):
            self.data = data

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


def read(path: Path) -> Page:
    return Page(path.read_text(encoding="utf-8"))


def table_of(space) -> LatencyTable:
    held_out = tuple(NetworkError("net", 10.0, 10.0 + i) for i in range(3))
    device = Fingerprint(
        cpu="a cpu",
        architecture="x86_64",
        instruction_sets=("avx2",),
        backend="onnxruntime",
        backend_version="1",
        threads=1,
        precision="fp32",
        batch=1,
    )
    accuracy = Accuracy(
        mape=4.2,
        mape_unscaled=9.1,
        within_5=50.0,
        within_10=100.0,
        spearman=0.97,
        floor=2.6,
        residual_spread=0.05,
        probes=(),
        held_out=held_out,
    )
    return LatencyTable(
        space=space.name,
        plan=space.plan.fingerprint,
        device=device,
        entries={},
        scale=0.93,
        accuracy=accuracy,
        protocol={},
        anchor_ms=(1.0,),
        reference_ms=0.11,
        contention=1.0,
        disturbed=0.0,
        failed={},
        created="2024-01-01T00:00:00Z",
        seconds=1.0,
        versions={},
    )


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """One report with everything in it."""
    violation = np.zeros(40)
    violation[30:] = 0.5
    history = make_history(failed=(3, 7), violation=violation)
    front = [int(key) for key in history.front().keys]
    choices = [
        make_choice(history, front[0], "best"),
        make_choice(history, front[-1], "small", measured=False),
    ]
    space = spaces.NASBench201()
    path = write_report(
        tmp_path_factory.mktemp("report"),
        history,
        title="A run",
        choices=choices,
        table=table_of(space),
        space=space,
        device={"processor": "a cpu"},
        provenance={"command": "pyhwnas search --evals 40", "seed": "0", "config": "a = 1\nb = 2"},
        notes=("A note.",),
    )
    return path, history, choices, space


def test_files_are_there_and_nothing_else(full):
    path, *_ = full
    names = {file.name for file in path.parent.iterdir()}
    pictures = {"front.png", "hypervolume.png", "latency.png"}
    assert names == {"report.html", "front.csv", "evaluations.csv"} | pictures
    for name in pictures:
        assert (path.parent / name).read_bytes().startswith(b"\x89PNG")


def test_page_says_what_is_known(full):
    path, history, choices, space = full
    text = read(path).text
    for words in (
        "A run",
        "40 networks evaluated under 3 objectives (synflow, latency (ms), macs)",
        f"{len(history.front())} are Pareto-best",
        "2 networks were chosen, 1 of them measured",
        "UNTRAINED",
        "A note.",
        space.to_str(history.X[choices[0].index]),
        "2 networks of 40 have no value",
        "ValueError: broken",
        "pyhwnas search --evals 40",
        "4.2 %",
        "2.5 %",
        "a cpu",
    ):
        assert words in text


def test_page_loads_nothing_from_elsewhere(full):
    path, *_ = full
    page = read(path)
    assert not {"link", "iframe", "object", "embed"} & set(page.tags)
    assert page.addresses
    for address in page.addresses:
        assert address.startswith("data:image/svg+xml;base64,") or re.fullmatch(
            r"[\w./-]+", address
        )
    own = re.sub(r"<script>/\*\*.*?</script>", "", path.read_text(), flags=re.DOTALL)
    style = re.findall(r"<style>(.*?)</style>", own, flags=re.DOTALL)
    assert len(style) == 1
    assert "@import" not in style[0]
    assert "url(" not in style[0]


def test_data_of_the_plots(full):
    path, history, choices, space = full
    data = json.loads(read(path).data)
    assert [column["name"] for column in data["columns"]] == ["evaluation", *history.names]
    assert len(data["arch"]) == history.ok.sum()
    assert len(data["front"]) == len(history.front())
    assert [data["arch"][chosen["at"]] for chosen in data["chosen"]] == [c.arch for c in choices]
    assert data["start"] == {"x": "latency_ms", "y": "synflow", "colour": "macs"}
    assert [n["name"] for n in data["latency"]["networks"]] == ["best"]
    assert data["hypervolume"]["volume"][-1] == pytest.approx(history.hypervolume(), rel=1e-5)
    assert {data["arch"][i] for i in data["infeasible"]} == {
        space.to_str(history.X[row]) for row in range(30, 40)
    }


def test_front_csv_gives_back_the_values(full):
    path, history, _, space = full
    with (path.parent / "front.csv").open(newline="") as file:
        head, *rows = csv.reader(file)
    genes = [gene.name for gene in space.genes]
    assert head == ["arch", *genes, "synflow", "latency_ms [ms]", "macs", "violation"]
    front = history.front()
    np.testing.assert_array_equal(np.array([row[1:7] for row in rows], dtype=int), front.X)
    np.testing.assert_array_equal(np.array([row[7:10] for row in rows], float), front.values)
    assert [row[0] for row in rows] == [space.to_str(x) for x in front.X]


def test_evaluations_csv_has_every_row(full):
    path, history, *_ = full
    with (path.parent / "evaluations.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(history)
    status = [row["status"] for row in rows]
    assert status.count("front") == len(history.front())
    assert status.count("failed") == 2
    assert status.count("infeasible") == 10
    assert rows[3]["error"].endswith("ValueError: broken")
    values = np.array([[float(row[c]) for c in ("synflow", "macs")] for row in rows])
    np.testing.assert_array_equal(values, history.values[:, [0, 2]])


def test_everything_from_outside_is_escaped(tmp_path):
    history = make_history(n=12, m=2, names=(EVIL, "latency_ms"), failed=(2,), error=EVIL)
    row = int(history.front().keys[0])
    choice = make_choice(history, row, EVIL)
    path = write_report(
        tmp_path,
        history,
        title=EVIL,
        choices=[choice],
        device={EVIL: EVIL},
        provenance={EVIL: EVIL, "command": EVIL, "config": EVIL + "\n"},
        notes=[EVIL],
    )
    page = read(path)
    assert page.tags.count("script") == 3
    assert not [name for name in page.attributes if name.startswith("on")]
    assert page.tags.count("img") == page.tags.count("noscript") + 1
    assert page.text.count('<script>alert("1")</script>') > 6
    assert json.loads(page.data)["columns"][1]["name"] == EVIL
    assert not [a for a in page.addresses if ":" in a and not a.startswith("data:image")]


@pytest.mark.parametrize("m", [1, 2, 5])
def test_any_number_of_objectives(tmp_path, m):
    path = write_report(tmp_path, make_history(m=m), title="run")
    page = read(path)
    data = json.loads(page.data)
    assert len(data["columns"]) == 1 + m
    assert data["start"]["x"] != data["start"]["y"]
    assert "No network was chosen." in page.text
    assert "No latency table was used." in page.text
    assert not (tmp_path / "latency.png").exists()


def test_nothing_evaluated(tmp_path):
    page = read(write_report(tmp_path, make_history(n=0), title="run"))
    assert "0 networks evaluated" in page.text
    assert "no front to show" in page.text
    assert (tmp_path / "front.csv").read_text().count("\n") == 1


def test_everything_failed(tmp_path):
    page = read(write_report(tmp_path, make_history(n=5, failed=range(5)), title="run"))
    assert "none of them has all its values" in page.text
    assert "5 networks of 5 have no value" in page.text


def test_one_row(tmp_path):
    assert "1 is Pareto-best" in read(write_report(tmp_path, make_history(n=1), title="run")).text


def test_no_feasible_row(tmp_path):
    violation = np.linspace(1, 2, 40)
    page = read(write_report(tmp_path, make_history(violation=violation), title="run"))
    assert "none meets the constraints; 1 came closest" in page.text
    assert ",front," not in (tmp_path / "evaluations.csv").read_text()


def test_no_reference_point(tmp_path):
    page = read(write_report(tmp_path, make_history(reference=False), title="run"))
    assert "There is no reference point yet" in page.text
    assert not (tmp_path / "hypervolume.png").exists()


def test_infinite_values_are_shown_and_not_drawn(tmp_path):
    values = np.random.default_rng(1).normal(size=(20, 3))
    values[0] = (-np.inf, 0.0, 1.0)
    values[1] = (np.inf, 0.0, 1.0)
    history = make_history(n=20, values=values)
    choice = make_choice(history, 1, "endless")
    page = read(write_report(tmp_path, history, title="run", choices=[choice]))
    column = json.loads(page.data)["values"][1]
    assert column[:2] == ["\u2212\u221e", "\u221e"]
    assert "\u221e" in page.text


def test_unknown_numbers_are_dashes(tmp_path):
    history = make_history()
    choice = make_choice(history, int(history.front().keys[0]), "net", measured=False)
    page = read(write_report(tmp_path, history, title="run", choices=[choice]))
    assert "nan" not in page.text.lower()
    assert "measured (ms)" not in page.text


def test_large_history_is_thinned_and_says_so(tmp_path):
    values = np.random.default_rng(0).random((10_000, 3))
    history = make_history(n=10_000, values=values)
    path = write_report(tmp_path, history, title="run")
    page = read(path)
    data = json.loads(page.data)
    front = len(history.front())
    assert len(data["arch"]) == 4000 + front
    assert f"4 000 of the 9 {1000 - front} networks off the front are drawn" in page.text
    assert data["hypervolume"]["volume"][-1] == pytest.approx(history.hypervolume(), rel=1e-5)
    assert path.stat().st_size < 7e6


def test_a_later_report_replaces_an_earlier_one(tmp_path):
    history = make_history()
    choice = make_choice(history, 0, "net")
    write_report(tmp_path, history, title="first", choices=[choice])
    assert (tmp_path / "latency.png").exists()
    path = write_report(tmp_path, history, title="second")
    assert "first" not in read(path).text
    assert not (tmp_path / "latency.png").exists()


def test_a_failure_leaves_the_old_report(tmp_path, monkeypatch):
    path = write_report(tmp_path, make_history(), title="first")
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}

    def fail(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(writing, "render", fail)
    with pytest.raises(OSError, match="no space"):
        write_report(tmp_path, make_history(n=7), title="second")
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
    assert path.exists()


def test_choice_outside_the_history_is_refused(tmp_path):
    history = make_history()
    choice = make_choice(history, 39, "net")
    with pytest.raises(ValueError, match="expected a row below 10, got 39"):
        write_report(tmp_path, make_history(n=10), title="run", choices=[choice])
