"""All that a comparison says in numbers, for the page, for JSON and for the terminal."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from pyhwnas.compare.comparison import Comparison
from pyhwnas.compare.curves import Curves
from pyhwnas.compare.statistics import Difference, Speedup, difference, holm, speedup

__all__ = ["Verdict"]

STOPS = (0.1, 0.25, 0.5, 1.0)


@dataclass(frozen=True, eq=False)
class Verdict:
    """Numbers of a comparison.

    Parameters
    ----------
    comparison : Comparison
    curves : Curves
    """

    comparison: Comparison
    curves: Curves

    @property
    def labels(self) -> tuple[str, ...]:
        """The optimizers, in their order."""
        return self.comparison.labels

    @cached_property
    def stops(self) -> tuple[int, ...]:
        """Numbers of evaluations at which tables look."""
        evals = self.curves.evals
        return tuple(dict.fromkeys(max(1, round(share * evals)) for share in STOPS))

    @cached_property
    def ranking(self) -> tuple[str, ...]:
        """The optimizers by their final mean, the best first."""
        final = {label: float(self.final(label).mean()) for label in self.labels}
        return tuple(sorted(self.labels, key=lambda label: -final[label]))

    def final(self, label: str) -> Any:
        """Return the final hypervolume of each run, float64[seeds]."""
        return self.curves.volume[label][:, -1]

    @cached_property
    def speedups(self) -> dict[tuple[str, str], Speedup]:
        """How much sooner the first of a pair reaches where the second ends."""
        volume = self.curves.volume
        return {
            (a, b): speedup(volume[a], volume[b], np.random.default_rng(0))
            for a, b in itertools.permutations(self.labels, 2)
        }

    @cached_property
    def differences(self) -> dict[tuple[str, str], Difference]:
        """Tests of all pairs, each once, with p-values corrected by Holm's method."""
        pairs = list(itertools.combinations(self.labels, 2))
        found = [difference(self.final(a), self.final(b)) for a, b in pairs]
        corrected = holm([one.p for one in found])
        return {
            pair: Difference(one.superiority, float(p))
            for pair, one, p in zip(pairs, found, corrected, strict=True)
        }

    def versus(self, a: str, b: str) -> Difference:
        """Look up the test of a pair, whichever comes first."""
        if (a, b) in self.differences:
            return self.differences[a, b]
        turned = self.differences[b, a]
        return Difference(1.0 - turned.superiority, turned.p)

    def to_json(self) -> dict[str, Any]:
        """Write everything but the curves themselves."""
        curves = self.curves
        return {
            "problem": self.comparison.problem,
            "optimizers": list(self.comparison.optimizers),
            "options": dict(self.comparison.options),
            "seeds": list(range(self.comparison.seeds)),
            "evals": self.comparison.evals,
            "ref_point": dict(zip(curves.names, curves.ref_point.tolist(), strict=True)),
            "best_hypervolume": curves.best,
            "best_is_of": curves.best_is,
            "results": {label: self._result(label) for label in self.labels},
            "speedups": [
                {"optimizer": a, "rival": b, **_finite(found._asdict())}
                for (a, b), found in self.speedups.items()
            ],
            "rank_sum_tests_holm": [
                {"optimizer": a, "rival": b, **found._asdict()}
                for (a, b), found in self.differences.items()
            ],
        }

    def _result(self, label: str) -> dict[str, Any]:
        volume, gap = self.curves.volume[label], self.curves.log_gap(label)
        seconds = self.curves.cpu_seconds[label]
        return {
            "final": volume[:, -1].tolist(),
            "mean": {str(n): float(volume[:, n - 1].mean()) for n in self.stops},
            "mean_log10_gap": {str(n): float(gap[:, n - 1].mean()) for n in self.stops},
            "cpu_seconds": None if np.isnan(seconds).any() else seconds.tolist(),
        }


def _finite(values: dict[str, float]) -> dict[str, float | None]:
    """JSON has no infinity: what is not reached is null."""
    return {name: value if np.isfinite(value) else None for name, value in values.items()}
