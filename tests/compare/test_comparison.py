"""What is compared, read from names, options and files."""

from __future__ import annotations

from pathlib import Path

import pytest
from compare import contest

from pyhwnas import optimizers
from pyhwnas.compare import Comparison

HERE = Path(contest.__file__)
PROBLEM = contest.problem()


def made(*names: str, **options: object) -> Comparison:
    return Comparison(problem=f"{HERE}:problem", optimizers=names, options=options)


def test_optimizers_by_name_preset_label_and_file():
    comparison = made(
        "random",
        "nsga2=pyhwnas.optimizers:NSGA2.nsga_net",
        f"{HERE}:Mine",
        "small=pyhwnas.optimizers:NSGA2",
        small={"population": 4},
    )
    assert comparison.labels == ("random", "nsga2", "Mine", "small")
    assert comparison.make_optimizer("random", PROBLEM) == optimizers.Random()
    assert comparison.make_optimizer("nsga2", PROBLEM) == optimizers.NSGA2.nsga_net()
    assert comparison.make_optimizer("Mine", PROBLEM).pace == 1.0
    assert comparison.make_optimizer("small", PROBLEM).population == 4


def test_options_go_to_a_preset_and_to_what_it_makes():
    comparison = made(
        "rea=pyhwnas.optimizers:RegularizedEvolution.published",
        rea={"objective": "macs", "sample": 7},
    )
    optimizer = comparison.make_optimizer("rea", PROBLEM)
    assert (optimizer.objective, optimizer.sample, optimizer.population) == ("macs", 7, 100)


def test_roles_are_taken_from_costs_unless_stated():
    plain = made("rb-ifa").make_optimizer("rb-ifa", PROBLEM)
    assert (plain.performance, plain.efficiency) == (("quality",), ("macs",))
    stated = made("rb-ifa", **{"rb-ifa": {"performance": ["macs"], "efficiency": ["quality"]}})
    assert stated.make_optimizer("rb-ifa", PROBLEM).performance == ("macs",)


def test_the_budget_is_told_to_those_who_ask():
    comparison = Comparison(optimizers=("auto=pyhwnas.optimizers:Auto",), evals=77)
    assert comparison.make_optimizer("auto", PROBLEM).evals == 77


def test_files_are_read_back():
    comparison = made("random", "a.b=random", **{"a.b": {"step": 3}})
    assert Comparison.from_toml(comparison.to_toml()) == comparison
    comparison = Comparison(
        problem="nb201-lamoo", optimizers=("random",), seeds=3, evals=7, batch=2
    )
    assert Comparison.from_toml(comparison.to_toml()) == comparison


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seeds = ", "not a TOML file"),
        ("rounds = 3", "unknown entry 'rounds'; expected one of problem, optimizers"),
        ('seeds = "many"', "seeds: expected a whole number, got 'many'"),
        ("seeds = 0", "seeds: expected at least 1, got 0"),
        ("evals = -3", "evals: expected at least 1"),
        ('optimizers = ["random", "random"]', "distinct labels, got random, random"),
        ('optimizers = ["../x=random"]', "a label has letters"),
        ("[options.x]\na = 1", "'x' is none of the optimizers"),
        ('optimizers = ["random"]\noptions.random = 3', "expected a table for 'random', got 3"),
    ],
)
def test_files_with_mistakes(text, message):
    with pytest.raises(ValueError, match=message):
        Comparison.from_toml(text)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("gradient", {}, "unknown name 'gradient' among optimizers"),
        ("x=pyhwnas.optimizers:NSGA2.best", {}, "NSGA2 has no preset 'best'; it has published"),
        (
            "x=random",
            {"x": {"size": 3}},
            "x: unknown option 'size'; expected one of step",
        ),
        ("x=random", {"x": {"step": 0}}, "step: expected at least 1 row"),
        (f"x={HERE}:number", {}, "optimizer x: expected an object with propose, got 3"),
        (f"x={HERE}:nothing", {}, "cannot load"),
    ],
)
def test_optimizers_that_cannot_be_made(name, options, message):
    with pytest.raises(ValueError, match=message):
        made(name, **options).make_optimizer(name.partition("=")[0], PROBLEM)


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        ("nb301", "name: expected one of nb201-lamoo, nb201-eyeriss, ofa-note10, got 'nb301'"),
        (f"{HERE}:number", "to make a Problem, got int"),
        (f"{HERE}:nothing", "cannot load"),
        ("nowhere.py:problem", "cannot load"),
    ],
)
def test_problems_that_cannot_be_made(problem, message):
    with pytest.raises(ValueError, match=message):
        Comparison(problem=problem).make_problem()
