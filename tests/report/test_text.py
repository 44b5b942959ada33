from __future__ import annotations

import math

import pytest

from pyhwnas.report.text import number, percent, plural


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, "", "\u2013"),
        (math.nan, "ms", "\u2013"),
        (math.inf, "", "\u221e"),
        (-math.inf, "", "\u2212\u221e"),
        (0.0, "", "0"),
        (7, "", "7"),
        (-3.14159, "", "\u22123.142"),
        (12.34567, "ms", "12.35 ms"),
        (9.99999, "ms", "10.00 ms"),
        (217_345_600, "", "217.3 M"),
        (999_996, "", "1.000 M"),
        (9_999, "", "9999"),
        (12_345.6, "ms", "12346 ms"),
        (2.5e9, "B", "2.500\u00d710⁹ B"),
        (1.234e-7, "", "1.234\u00d710⁻⁷"),
        (5e20, "", "5.000\u00d710²⁰"),
        (0.5, "", "0.5"),
        (0.012345, "s", "0.01235 s"),
    ],
)
def test_number(value, unit, text):
    assert number(value, unit) == text


def test_percent():
    assert percent(0.0234) == "2.3 %"
    assert percent(0.0234, signed=True) == "+2.3 %"
    assert percent(-0.5, signed=True) == "\u221250.0 %"
    assert percent(None) == percent(math.inf) == "\u2013"


def test_plural():
    assert plural(1, "network") == "1 network"
    assert plural(0, "network") == "0 networks"
    assert plural(2, "is", "are") == "2 are"
    assert plural(12_345, "row") == "12\u202f345 rows"
