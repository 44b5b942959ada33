"""The main job from the command line: whole, continued, killed."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from cli.place import SMALL, Command, environment

CHEAP = (*SMALL, "--objectives", "synflow_expected,latency_ms", "--evals", "60")
NO_EXPORT = ("--top", "0")


def rows(folder: Path) -> list[tuple[object, ...]]:
    with sqlite3.connect(folder / "run.sqlite") as database:
        return database.execute(
            'select id, batch, genotype, told, status, "values" from rows order by id'
        ).fetchall()


def test_whole_job_leaves_all_it_promises(pyhwnas: Command, tables: Path, tmp_path: Path) -> None:
    done = pyhwnas("search", *SMALL, "--evals", "25", "--top", "3", "--tables", tables, "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["evaluations"] == 25
    assert summary["front"] >= 1
    assert 1 <= len(summary["networks"]) <= 3
    folder = tmp_path / "pyhwnas-search"
    for name in ("report.html", "front.csv", "front.png", "hypervolume.png", "latency.png"):
        assert (folder / name).stat().st_size > 0
    for network in summary["networks"]:
        assert network["predicted_ms"] > 0
        assert network["measured_ms"] > 0
        assert all("untrained" in name and (folder / name).exists() for name in network["files"])


def test_exported_networks_run_and_agree(inside: Command, tables: Path, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    ort = pytest.importorskip("onnxruntime")
    assert inside("search", *CHEAP, "--top", "2", "--tables", tables).returncode == 0
    folder = tmp_path / "pyhwnas-search" / "networks"
    paths = sorted(folder.glob("*.onnx"))
    assert len(paths) == 2
    images = np.random.default_rng(0).standard_normal((2, 3, 8, 8)).astype(np.float32)
    for path in paths:
        scope: dict[str, object] = {}
        exec(compile(path.with_suffix(".py").read_text(), str(path), "exec"), scope)
        model = scope["Model"]()  # type: ignore[operator]
        model.load_state_dict(torch.load(path.with_suffix(".pt"), weights_only=True))
        with torch.inference_mode():
            expected = model.eval()(torch.from_numpy(images)).numpy()
        session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
        (got,) = session.run(None, {"input": images})
        assert np.abs(got - expected).max() <= 1e-4 * np.abs(expected).max()


def test_same_command_again_evaluates_nothing(
    inside: Command, tables: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "pyhwnas-search"
    assert inside("search", *CHEAP, *NO_EXPORT, "--tables", tables).returncode == 0
    before = rows(folder)
    again = inside("search", *CHEAP, *NO_EXPORT, "--tables", tables)
    assert again.returncode == 0
    assert "60 networks are evaluated already" in again.stderr
    assert rows(folder) == before
    longer = inside("search", *CHEAP, *NO_EXPORT, "--evals", "70", "--tables", tables, "--json")
    assert json.loads(longer.stdout)["evaluations"] == 70
    assert rows(folder)[:60] == before[:60]


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(signal.SIGINT, marks=pytest.mark.slow),
        pytest.param(signal.SIGTERM, marks=pytest.mark.slow),
        signal.SIGKILL,
    ],
)
def test_killed_run_continues_bit_for_bit(
    inside: Command, tables: Path, tmp_path: Path, number: signal.Signals
) -> None:
    job = (*SMALL, "--objectives", "synflow_expected,icd,latency_ms", "--evals", "50", *NO_EXPORT)
    unbroken = inside("search", *job, "--tables", tables, "-o", "unbroken")
    assert unbroken.returncode == 0, unbroken.stderr
    command = [sys.executable, "-m", "pyhwnas", "search", *job, "--tables", str(tables)]
    rng = np.random.default_rng(number)
    interrupted = 0
    for _ in range(12):
        process = subprocess.Popen(
            [*command, "-o", "broken"],
            cwd=tmp_path,
            env=environment(tmp_path / "home"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for_rows(process, tmp_path / "broken", int(rng.integers(8, 25)))
        if process.poll() is None:
            process.send_signal(number)
            interrupted += 1
        process.wait()
        if process.returncode == 0:
            break
    assert interrupted >= 2
    assert inside("search", *job, "--tables", tables, "-o", "broken").returncode == 0
    assert rows(tmp_path / "broken") == rows(tmp_path / "unbroken")


def wait_for_rows(process: subprocess.Popen[bytes], folder: Path, more: int) -> None:
    """Wait until the process has told some rows more than there were, or has ended."""

    def told() -> int:
        try:
            with sqlite3.connect(f"file:{folder / 'run.sqlite'}?mode=ro", uri=True) as database:
                query = "select count(*) from rows where status != 'pending'"
                return int(database.execute(query).fetchone()[0])
        except sqlite3.Error:
            return 0

    target = told() + more
    while process.poll() is None and told() < target:
        time.sleep(0.01)


def test_parts_can_be_done_again(inside: Command, tables: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pyhwnas-search"
    assert inside("search", *CHEAP, *NO_EXPORT, "--tables", tables).returncode == 0
    (folder / "report.html").unlink()
    assert inside("report", folder).returncode == 0
    assert (folder / "report.html").exists()
    assert "top: expected at least 0, got -2" in inside("export", folder, "--top", "-2").stderr
    more = inside("export", folder, "--top", "4", "--json")
    assert len(json.loads(more.stdout)["networks"]) == 4
    checked = inside("verify", folder, "--json")
    assert all(n["measured_ms"] > 0 for n in json.loads(checked.stdout)["networks"])


def test_config_file_and_options_make_the_same_job(
    inside: Command, tables: Path, tmp_path: Path
) -> None:
    assert (
        inside(
            "search", *CHEAP, *NO_EXPORT, "--tables", tables, "--weights", "0.5", "-o", "a"
        ).returncode
        == 0
    )
    config = tmp_path / "run.toml"
    config.write_text((tmp_path / "a" / "config.toml").read_text())
    done = inside("search", "--config", config, "--tables", tables, "-o", "b")
    assert done.returncode == 0, done.stderr
    assert rows(tmp_path / "a") == rows(tmp_path / "b")


@pytest.mark.parametrize("command", ["spaces", "tables", "doctor"])
def test_listing_commands_speak_json(inside: Command, command: str) -> None:
    done = inside(command, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    if command == "doctor":
        assert found["kernels"]["vector instructions"] in ("baseline", "avx2", "avx512")
    if command == "spaces":
        sizes = {space["name"]: space["networks"] for space in found}
        assert sizes["mobilenetv3"] == 7371**5 * 17
        sources = {space["name"]: space["source"] for space in found}
        assert sources["nasbench101"].startswith("https://")
        assert sources["hierarchical"].startswith("Zhang et al.")
        assert all(sources.values())
    plain = inside(command)
    assert plain.returncode == 0
    assert plain.stdout


def test_networks_are_drawn(inside: Command, tmp_path: Path) -> None:
    assert inside("spaces", "show", "nasbench101").returncode == 0
    assert (tmp_path / "network.svg").read_text().lstrip().startswith("<svg")
    named = inside("spaces", "show", "natssize", "--arch", "64:48:32:48:64", "-o", "a.svg")
    assert "64:48:32:48:64: 231.4 M MACs" in named.stdout
    assert "64:48:32:48:64" in (tmp_path / "a.svg").read_text()
    assert inside("spaces", "show", "natssize", "--arch", "65").returncode != 0
