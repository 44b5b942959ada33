"""What importing the package loads, and what it does not."""

import json
import subprocess
import sys

import pytest

import pyhwnas
from pyhwnas import _optional, errors

HEAVY = {
    "botorch", "cma", "deap", "jinja2", "matplotlib", "onnx", "onnxruntime", "optuna", "pandas",
    "PIL", "plotly", "pyarrow", "pymoo", "rich", "scipy", "sklearn", "torch", "torchvision",
    "typer",
}  # fmt: skip


def loaded_by(code):
    """Top-level modules from outside the standard library that running the code adds."""
    program = f"import sys, json; before = set(sys.modules); {code}; print(json.dumps(" \
        "sorted({name.partition('.')[0] for name in set(sys.modules) - before})))"  # fmt: skip
    result = subprocess.run(
        [sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True
    )
    return set(json.loads(result.stdout)) - set(sys.stdlib_module_names)


def test_importing_needs_numpy_alone():
    loaded = loaded_by("import pyhwnas, pyhwnas.moo")
    assert "numpy" in loaded
    assert not loaded & HEAVY
    others = {name for name in loaded if not name.startswith(("pyhwnas", "_pyhwnas", "numpy"))}
    assert not others, others


def test_benchmarks_need_numpy_alone():
    assert not loaded_by("from pyhwnas import benchmarks") & HEAVY


def test_scores_need_numpy_alone():
    assert not loaded_by("from pyhwnas import scores") & HEAVY


def test_the_command_line_loads_what_a_command_needs():
    pytest.importorskip("typer")
    pytest.importorskip("rich")
    loaded = loaded_by("import pyhwnas.cli.app")
    assert not loaded & (HEAVY - {"rich", "typer"} | {"numpy"})


def test_both_bounds_are_at_the_top():
    from pyhwnas.problem import AtLeast, AtMost

    assert (pyhwnas.AtLeast, pyhwnas.AtMost) == (AtLeast, AtMost)


def test_the_package_itself_loads_nothing():
    assert loaded_by("import pyhwnas") <= {"pyhwnas"}


def test_neighbours_are_loaded_when_they_are_used():
    loaded = loaded_by("from pyhwnas.interop import botorch, deap, optuna, pymoo")
    assert not loaded & HEAVY


def test_names_are_listed_and_unknown_ones_are_errors():
    assert set(pyhwnas.__all__) <= set(dir(pyhwnas))
    assert pyhwnas.moo.__name__ == "pyhwnas.moo"
    assert pyhwnas.__version__.count(".") == 2
    with pytest.raises(AttributeError, match="module 'pyhwnas' has no attribute 'nothing'"):
        _ = pyhwnas.nothing


def test_a_missing_dependency_says_what_to_install():
    with pytest.raises(
        errors.MissingExtraError, match=r"pip install 'pyhwnas\[search\]'"
    ) as caught:
        _optional.require("no_such_package.inner", extra="search")
    assert isinstance(caught.value, ImportError)
    assert caught.value.name == "no_such_package"
    assert _optional.require("json", extra="search") is json


def test_a_broken_dependency_is_not_called_missing(tmp_path, monkeypatch):
    (tmp_path / "broken_dependency.py").write_text("import something_else_that_is_missing\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="something_else") as caught:
        _optional.require("broken_dependency", extra="search")
    assert not isinstance(caught.value, errors.MissingExtraError)
