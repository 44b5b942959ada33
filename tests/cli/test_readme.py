"""What the README shows must run."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
from cli.place import Command

from pyhwnas import Problem, Search, objectives
from pyhwnas.testing import check_objective, check_space

README = Path(__file__).parents[2] / "README.md"


def blocks() -> list[str]:
    if not README.exists():
        pytest.skip("the README is not beside these tests")
    return re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.S)


def test_extension_of_one_file_runs_and_passes_the_checks(
    pyhwnas: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = [block for block in blocks() if block.startswith("# mine.py")]
    assert len(parts) == 2
    assert all(len(part.splitlines()) <= 30 for part in parts)
    (tmp_path / "mine.py").write_text("\n".join(parts))
    job = ("--space", "mine.py:Kernels", "--objectives", "mine.py:depth,macs")
    done = pyhwnas("search", *job, "--optimizer", "mine.py:Hill", "--evals", "20", "--top", "2")
    assert done.returncode == 0, done.stderr
    monkeypatch.syspath_prepend(tmp_path)
    mine = importlib.import_module("mine")
    space = mine.Kernels()
    check_space(space)
    check_objective(mine.depth(space))
    problem = Problem(space, (mine.depth(space), objectives.Macs(space)))
    history = Search(problem, mine.Hill()).run(30)
    assert len(history) == 30


def test_population_example_runs() -> None:
    (block,) = [b for b in blocks() if "NASBench201" in b]
    scope: dict[str, object] = {}
    exec(compile(block, "README.md", "exec"), scope)
    assert scope["macs"].shape == scope["scores"].shape == (15625,)  # type: ignore[attr-defined]
