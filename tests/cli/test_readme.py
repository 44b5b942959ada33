"""What the README shows must run."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from cli.place import Command

from pyhwnas import Problem, Search, networks, objectives, proxies, spaces
from pyhwnas.job import Job
from pyhwnas.latency import Settings, profile
from pyhwnas.names import names
from pyhwnas.testing import check_objective, check_space

README = Path(__file__).parents[2] / "README.md"


def blocks() -> list[str]:
    if not README.exists():
        pytest.skip("the README is not beside these tests")
    return re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.S)


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The extension that the README shows, as a module."""
    parts = [block for block in blocks() if block.startswith("# mine.py")]
    assert len(parts) == 2
    assert all(len(part.splitlines()) <= 30 for part in parts)
    lines = [line for line in parts[0].splitlines() if line and not line.startswith("#")]
    assert len(lines) <= 20
    (tmp_path / "mine.py").write_text("\n".join(parts))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "mine", raising=False)
    return importlib.import_module("mine")


def test_extension_of_one_file_runs_and_passes_the_checks(
    pyhwnas: Command, mine: ModuleType
) -> None:
    job = ("--space", "mine.py:Kernels", "--objectives", "mine.py:depth,macs")
    done = pyhwnas("search", *job, "--optimizer", "mine.py:Hill", "--evals", "20", "--top", "2")
    assert done.returncode == 0, done.stderr
    assert pyhwnas("spaces", "show", "mine.py:Kernels", "--arch", "0-1-2-0-1-2").returncode == 0
    space = mine.Kernels()
    check_space(space)
    check_objective(mine.depth(space))
    problem = Problem(space, (mine.depth(space), objectives.Macs(space)))
    history = Search(problem, mine.Hill()).run(30)
    assert len(history) == 30


def test_space_of_twenty_lines_gets_every_reading(mine: ModuleType) -> None:
    space = mine.Kernels()
    network = networks.build(space, [0, 1, 2, 2, 1, 0])
    assert network.input_shape == (3, 32, 32)
    assert networks.picture(network).startswith("<svg")
    assert "class" in networks.to_source(network)
    assert networks.to_onnx(network).graph.node
    model = networks.to_torch(network)
    assert sum(p.numel() for p in model.parameters()) == networks.params(network)
    everything = np.array(list(np.ndindex(*spaces.sizes(space))))
    assert space.n_genotypes == space.n_networks == len(everything) == 3**6
    near = spaces.neighbours(space, everything[0])
    assert (spaces.distance(space, everything[:1], near) <= 1).all()
    drawn = spaces.sample(space, 50, np.random.default_rng(0), over="networks")
    assert space.valid(drawn).all()


def test_space_of_twenty_lines_gets_every_proxy_and_table(mine: ModuleType) -> None:
    space = mine.Kernels()
    X = spaces.sample(space, 4, np.random.default_rng(0))
    images = np.random.default_rng(1).normal(size=(4, 3, 32, 32)).astype(np.float32)
    quick = Settings(rounds=2, calls=2, warmups=1, flush_bytes=2**16)
    table = profile(space, processes=1, settings=quick, probes=1, held_out=2)
    for objective in (
        objectives.Macs(space),
        objectives.Params(space),
        objectives.Latency(space, table),
        proxies.SynflowExpected(space),
        proxies.ICD(space, images),
    ):
        assert np.isfinite(objective(X)).all()


@pytest.mark.parametrize("name", names("optimizers"))
def test_space_of_twenty_lines_gets_every_optimizer(mine: ModuleType, name: str) -> None:
    space = mine.Kernels()
    job = Job(optimizer=name, objectives=("synflow_expected", "macs"), evals=24)
    problem = job.make_problem(space)
    history = Search(problem, job.make_optimizer(job.objectives)).run(job.evals)
    assert len(history) == job.evals


def test_population_example_runs() -> None:
    (block,) = [b for b in blocks() if "space.all()" in b]
    scope: dict[str, object] = {}
    exec(compile(block, "README.md", "exec"), scope)
    assert scope["macs"].shape == scope["scores"].shape == (15625,)  # type: ignore[attr-defined]
    assert scope["X"].shape == (100, 6)  # type: ignore[attr-defined]
