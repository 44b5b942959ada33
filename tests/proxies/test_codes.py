"""Sums over sign codes against their definitions in float64."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import signs_by_definition as reference

from pyhwnas.proxies.codes import SignCodes, SignCounts

BOTH = (SignCodes, SignCounts)


def layers(seed: int, n: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    shapes = [(n, *rng.integers(0, 9, 3)) for _ in range(3)] + [(n, 67), (n,)]
    return [rng.standard_normal(shape).astype(np.float32) for shape in shapes]


@settings(deadline=None)  # a busy machine is no error
@given(st.integers(1, 20), st.tuples(*[st.integers(0, 4)] * 5), st.integers(0, 99))
def test_scores_of_layers_equal_those_of_one_long_code(
    n: int, times: tuple[int, ...], seed: int
) -> None:
    parts = layers(seed, n)
    repeated = [part.reshape(n, -1) for part, k in zip(parts, times, strict=True) for _ in range(k)]
    whole = np.concatenate([np.zeros((n, 0), np.float32), *repeated], axis=1)
    icd = np.sqrt(reference.squared_distances_to_mean(whole)).mean()
    for make in BOTH:
        codes = make(n)
        for part, k in zip(parts, times, strict=True):
            codes.add(part, k)
        assert codes.icd() == pytest.approx(icd, rel=1e-12, abs=1e-7)
    codes = SignCodes(n)
    for part, k in zip(parts, times, strict=True):
        codes.add(part, k)
    agreement = whole.shape[1] - reference.sign_distances(whole)
    assert codes.n_bits == whole.shape[1]
    assert codes.naswot() == np.linalg.slogdet(agreement.astype(np.float64))[1]


def test_distances_to_the_mean_are_exact_for_long_codes() -> None:
    x = np.random.default_rng(0).standard_normal((9, 200_001)).astype(np.float32)
    expected = np.sqrt(reference.squared_distances_to_mean(x)).mean()
    for make in BOTH:
        codes = make(len(x), threads=3)
        codes.add(x)
        assert codes.icd() == pytest.approx(expected, rel=1e-12)


def test_no_bits_and_equal_samples() -> None:
    codes = SignCodes(3)
    assert (codes.icd(), codes.naswot()) == (0.0, -np.inf)
    codes.add(np.ones((3, 0), np.float32))
    assert (codes.icd(), codes.naswot()) == (0.0, -np.inf)
    codes.add(np.ones((3, 100), np.float32))
    assert (codes.icd(), codes.naswot()) == (0.0, -np.inf)


def test_strided_and_read_only_values_are_taken_as_they_are() -> None:
    x = np.random.default_rng(1).standard_normal((6, 8, 10)).astype(np.float32)
    x.setflags(write=False)
    for view in (x[:, ::2], x.transpose(0, 2, 1), x[::-1], np.asfortranarray(x)):
        for make in BOTH:
            found, expected = make(6), make(6)
            found.add(view)
            expected.add(view.copy(order="C"))
            assert found.icd() == expected.icd() > 0


def test_a_copy_goes_its_own_way() -> None:
    x = np.random.default_rng(2).standard_normal((4, 50)).astype(np.float32)
    for make in BOTH:
        codes = make(4)
        codes.add(x)
        before = codes.icd()
        twin = codes.copy()
        assert twin.icd() == before
        twin.add(x)
        assert codes.icd() == before < twin.icd()


@pytest.mark.parametrize("make", BOTH)
def test_wrong_values_are_refused(make: type) -> None:
    with pytest.raises(ValueError, match=r"values: .* 3 samples, got shape \(2, 5\)"):
        make(3).add(np.zeros((2, 5), np.float32))
    with pytest.raises(ValueError, match="values: expected those of 3 samples"):
        make(3).add(np.float32(1.0).reshape(()))
    with pytest.raises(TypeError, match="float32, got float64"):
        make(3).add(np.zeros((3, 5)))
