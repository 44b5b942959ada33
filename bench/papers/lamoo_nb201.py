"""LaMOO with random rows and with CMA-ES on NAS-Bench-201, against both alone.

PYHWNAS_DATA=... python -m bench.papers.lamoo_nb201 [--quick] [--seeds N] [--runs FOLDER]
"""

from __future__ import annotations

from bench.papers.lamoo_problem import arguments, curves, problem
from bench.papers.table import Line, write
from pyhwnas.optimizers import CMAES, LaMOO, Random

EVALS = 200
RANDOM_400 = 7.903
"""Mean hypervolume of random search after 400 evaluations, 100 seeds."""

OURS = "gate calibrated on the authors' problem with the table of 3-seed means"
GOAL = "best of a prototype's variants, judged on the same seeds"
DATA = "random search on the same table, 100 seeds"
ABSTRACT = "LaMOO (ICLR 2022), abstract: up to 225 %; gate calibrated as above"


def main() -> None:
    options = arguments(__doc__, seeds=20)
    official, levels = problem(), problem("lamoo")
    runs = {
        "random": (Random(step=5), official),
        "LaMOO": (LaMOO(), official),
        "LaMOO published": (LaMOO.published(), levels),
        "CMA-ES": (CMAES(), official),
        "LaMOO CMA-ES": (LaMOO(CMAES()), official),
    }
    found = curves(runs, EVALS, options.seeds, options.runs)
    lamoo, cma, both = found["LaMOO"], found["CMA-ES"], found["LaMOO CMA-ES"]
    lines = []
    for n, expected, must, goal in ((100, -0.52, -0.62, -0.74), (200, -0.67, -0.98, -1.10)):
        what = f"log10 difference at {n}"
        lines += [
            Line(f"random, {what}", found["random"].log_difference(n), expected, 0.06, DATA),
            Line(f"LaMOO, {what}: must", lamoo.log_difference(n), must, 0.0, OURS, "at most"),
            Line(f"LaMOO, {what}: goal", lamoo.log_difference(n), goal, 0.0, GOAL, "at most"),
        ]
        values = found["LaMOO published"].log_difference(n)
        lines.append(Line(f"LaMOO published, {what}", values, must, 0.0, OURS, "report"))
    to_level = lamoo.evaluations_to(RANDOM_400)
    lines += [
        Line("LaMOO, evaluations to random's 400: must", [to_level], 155, 0, OURS, "at most"),
        Line("LaMOO, evaluations to random's 400: goal", [to_level], 124, 0, GOAL, "at most"),
    ]
    for n, gate in ((100, "at least"), (200, "report")):
        what = f"LaMOO + CMA-ES: {n} / evaluations to CMA-ES's level at {n}"
        ratio = n / both.evaluations_to(cma.level(n))
        lines.append(Line(what, [ratio], 1.3, 0.0, ABSTRACT, gate))
    notes = [
        "Evaluations to a level and ratios are of mean curves over all seeds, hence one number.",
        "Published settings see operations as numbers, in the order of the authors' repository.",
    ]
    about = {name: curve.to_json() for name, curve in found.items()}
    write("lamoo_nb201", lines, seeds=options.seeds, quick=options.quick, notes=notes, curves=about)


if __name__ == "__main__":
    main()
