"""`pyhwnas profile` on what nobody planned: one sentence, at once, and nothing left behind."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from cli.place import SMALL, Command, environment
from cli.test_bad_input import refused

from pyhwnas._sqlite import lock
from pyhwnas.latency import LatencyTable, Progress, Step
from pyhwnas.pipeline.progress import Timing


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--processes", "0"), ("processes: expected at least 1, got 0",)),
        (("--batch", "0"), ("batch: expected at least 1, got 0",)),
        (("--time-cap", "-5"), ("time_cap: expected at least 0, got -5",)),
        (("--time-cap", "nan"), ("time_cap: expected at least 0, got nan",)),
        (("--threads", "0"), ("threads: expected at least 1, got 0",)),
        (("--target-interval", "wide"), ("--target-interval", "'wide'")),
        (("--design", "sandwich"), ("carrier, chain, alone", "'sandwich'")),
        (("--energy", "sun"), ("energy: expected powercap or nvml, got 'sun'",)),
        (("--ssh", ""), ("user@host",)),
        (
            ("--tvm-rpc", "far:9190/pi", "--backend", "torch"),
            ("expected the backend tvm", "'torch'"),
        ),
        (("-o", "file"), ("file: cannot be read or written",)),
        (("-o", "file/below"), ("file/below: cannot be read or written",)),
    ],
)
def test_what_cannot_be(
    inside: Command, tmp_path: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    (tmp_path / "file").touch()
    where = () if "-o" in arguments else ("-o", "tables")
    done = inside("profile", *SMALL, *where, *arguments)
    refused(done, *words)
    assert not list(tmp_path.glob("tables/*"))


def test_two_at_once_and_odd_names(inside: Command, tmp_path: Path) -> None:
    folder = tmp_path / "tab les' (ü)"
    done = inside("profile", *SMALL, "--processes", "1", "--time-cap", "0", "-o", folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("the time cap ended it before all units and networks had settled") == 1
    assert "time cap" not in done.stderr
    (path,) = folder.iterdir()
    assert f"Profiling {len(LatencyTable.load(path).entries)} units" in done.stderr
    unlock = lock(path)
    code = f"import sys; sys.path[:] = {sys.path!r}; from pyhwnas.cli import main; main()"
    command = [sys.executable, "-c", code, "profile", *SMALL, "-o", str(folder)]
    other = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        env=environment(tmp_path / "home"),
        cwd=tmp_path,
    )
    unlock()
    refused(other, path.name, "is in use by another process")


def test_a_slash_in_the_name_of_a_space_is_no_folder(inside: Command, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        textwrap.dedent(
            """
            from pyhwnas.networks import Conv, GlobalAvgPool, INPUT, Linear, Plan, Slot, chain
            from pyhwnas.spaces import Gene, PlainSpace

            class Mine(PlainSpace):
                name = "my/space"
                genes = (Gene("kernel", 2),)

                @property
                def plan(self):
                    stems = tuple(chain((3, 8, 8), Conv(4, k)) for k in (1, 3))
                    head = chain((4, 8, 8), GlobalAvgPool(), Linear(2))
                    return Plan((Slot("stem", (INPUT,), stems), Slot("head", (0,), (head,))))

                def unit_ids(self, X, *, live=False):
                    choices = [[x, 0] for x in X[:, 0]]
                    return self.plan.unit_ids(choices, live=live)

                def describe(self):
                    return {}
            """
        )
    )
    arguments = ("--processes", "1", "--time-cap", "0", "-o", "tables", "--json")
    done = inside("profile", "--space", "mine.py:Mine", *arguments)
    assert done.returncode == 0, done.stderr
    (path,) = (tmp_path / "tables").iterdir()
    assert path.name.startswith("my-space-onnxruntime-")
    table, said = LatencyTable.load(path), json.loads(done.stdout)
    assert said["sha256"] == table.fingerprint
    assert said["noisy"] == table.noisy
    assert said["mape_percent"] == table.accuracy.mape
    assert said["floor_percent"] is None


def test_an_interrupt_before_anything_is_a_sentence(tmp_path: Path) -> None:
    """It comes while the commands are imported, which takes most of a second."""
    script = f"""
        import os, signal, sys
        sys.path[:] = {sys.path!r}

        class Interrupt:
            def find_spec(self, name, path, target=None):
                if name == "pyhwnas.cli.app":
                    os.kill(os.getpid(), signal.SIGINT)

        sys.meta_path.insert(0, Interrupt())
        from pyhwnas.cli import main
        main()
        """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), "profile"],
        check=False,
        capture_output=True,
        text=True,
        env=environment(tmp_path),
    )
    assert done.returncode == 130
    assert done.stderr.startswith("interrupted; ")
    assert done.stderr.count("\n") == 1


def test_what_is_prepared_leaves_the_rounds_as_they_are() -> None:
    seen: list[tuple[int, int | None, str]] = []
    timing = Timing(lambda *at: seen.append(at))
    timing.step(Step("encoding models", 3, 40))
    timing.rounds(Progress(2, 6, 5, 24, 7, 0.031, 0.3))
    timing.step(Step("loading models", 1, 40))
    assert seen == [
        (0, None, "encoding models: 3 of 40"),
        (29, 144, "process 2 of 6, 7 unsettled, ±3.1 %, 30 % disturbed: close other programs"),
        (29, 144, "loading models: 1 of 40"),
    ]
