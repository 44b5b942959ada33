import signal

import numpy as np
import pytest

from pyhwnas import moo


def sphere(n, m):
    F = np.abs(np.random.default_rng(0).standard_normal((n, m)))
    return F / np.linalg.norm(F, axis=1, keepdims=True)


def subset_of_a_tenth(F, ref_point, threads):
    return moo.hypervolume_subset(F, len(F) // 10, ref_point, threads=threads)


def sampled(F, ref_point, threads):
    return moo.hypervolume_approx(F, ref_point, 1 << 22, seed=0, threads=threads)


def sampled_for_each_row(F, ref_point, threads):
    return moo.hypervolume_contributions_approx(F, ref_point, 1 << 22, seed=0, threads=threads)


def without_reference(kernel):
    return lambda F, ref_point, threads: kernel(F, threads=threads)


def sorted_alone(F, ref_point, threads):
    return moo.nondominated_sort(F)


def two_problems(kernel):
    return lambda F, ref_point, threads: kernel(np.stack([F, F]), ref_point, threads=threads)


def distance_from_the_other_side(F, ref_point, threads):
    return moo.igd(F, 1 - F, threads=threads)


LONG = {
    "limited sets": (moo.hypervolume, (600, 8)),  # hours
    "limited sets of a batch": (two_problems(moo.hypervolume), (600, 10)),
    "free cells of three sides": (moo.hypervolume, (400_000, 4)),  # many seconds, as the others
    "free cells of four sides": (moo.hypervolume, (50_000, 5)),
    "exclusive cells": (moo.hypervolume_contributions, (200_000, 4)),
    "limited sets of each row": (moo.hypervolume_contributions, (250, 10)),
    "limited sets of the chosen": (subset_of_a_tenth, (20_000, 7)),
    "lattices of rays": (sampled, (20_000, 8)),
    "rays of each row": (sampled_for_each_row, (20_000, 8)),
    "ranks": (sorted_alone, (300_000, 8)),
    "first front": (without_reference(moo.nondominated_mask), (500_000, 8)),
    "dominance counts": (without_reference(moo.dominance_counts), (300_000, 6)),
    "dominance degrees": (without_reference(moo.dominance_degree_sort), (300_000, 6)),
    "nearest rows": (distance_from_the_other_side, (200_000, 10)),
}


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no interval timer on this system")
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("case", LONG)
def test_a_signal_ends_a_long_kernel(case, threads):
    """The exception of the signal's handler comes out of the kernel, long before its result."""
    kernel, (n, m) = LONG[case]
    F = sphere(n, m)

    def interrupt(signum, frame):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        with pytest.raises(KeyboardInterrupt):
            kernel(F, np.ones(m), threads=threads)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
