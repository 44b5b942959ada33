"""The examples in docstrings, run from the installed package, one test for each module."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import pyhwnas
from pyhwnas.errors import MissingExtraError


def with_examples(package):
    """Names of the modules below a package that hold examples; none of them is imported."""
    for info in pkgutil.iter_modules(package.submodule_search_locations, f"{package.name}."):
        spec = info.module_finder.find_spec(info.name)
        source = getattr(spec.loader, "get_source", lambda name: None)(info.name)
        if ">>> " in (source or ""):  # None for a compiled module
            yield info.name
        if info.ispkg:
            yield from with_examples(spec)


NAMES = sorted(with_examples(pyhwnas.__spec__))


class Runner(doctest.DocTestRunner):
    """Remembers which optional dependency was missing."""

    missing: MissingExtraError | None = None

    def report_unexpected_exception(self, out, test, example, exc_info):
        if isinstance(exc_info[1], MissingExtraError):
            self.missing = exc_info[1]
        super().report_unexpected_exception(out, test, example, exc_info)


def test_there_are_examples_where_there_should_be():
    assert {"pyhwnas.moo.sort", "pyhwnas.objectives.counts", "pyhwnas.search"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_examples(name):
    try:
        module = importlib.import_module(name)
    except MissingExtraError as error:
        pytest.skip(str(error))
    report, missing, examples = [], [], 0
    for test in doctest.DocTestFinder().find(module):
        runner, lines = Runner(), []
        failed = runner.run(test, out=lines.append).failed
        examples += len(test.examples)
        if runner.missing:
            missing.append(str(runner.missing))
        elif failed:
            report += lines
    assert not report, "".join(report)
    assert examples
    if missing:
        pytest.skip("; ".join(missing))
