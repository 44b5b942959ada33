"""Numbers as a person reads them; what is not known is a dash."""

from __future__ import annotations

import math

__all__ = ["DASH", "count", "number", "percent", "plural"]

DASH = "\u2013"
_RAISED = "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"
_POWERS = str.maketrans("-0123456789", _RAISED)


def number(value: float | None, unit: str = "", digits: int = 4) -> str:
    """Write a number with a few significant digits and its unit.

    Counts without a unit are shortened to k, M and G from 10 000 on; with a unit that could be
    mistaken for a prefix, so that powers of ten are written instead.

    Examples
    --------
    >>> number(217.3456e6), number(12.34567, "ms"), number(None)
    ('217.3 M', '12.35 ms', '–')
    """
    if value is None or math.isnan(value):
        return DASH
    if math.isinf(value):
        return "\u221e" if value > 0 else "\u2212\u221e"
    text = _digits(value, unit, digits).replace("-", "\u2212")
    return f"{text} {unit}".strip()


def _digits(value: float, unit: str, digits: int) -> str:
    size = abs(value)
    if not unit and 1e4 <= size < 1e15:
        for factor, prefix in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
            if size >= factor * (1 - 0.5 * 10.0**-digits):
                return f"{_plain(value / factor, digits)} {prefix}"
    if size and not 1e-3 <= size < 1e6:
        mantissa, _, power = f"{value:.{digits - 1}e}".partition("e")
        return f"{mantissa}\u00d710{str(int(power)).translate(_POWERS)}"
    return _plain(value, digits)


def _plain(value: float, digits: int) -> str:
    if value == int(value) and abs(value) < 1e6:
        return str(int(value))
    # Rounded first: 9.9999 has two digits before the point.
    size = float(f"{abs(value):.{digits}g}")
    whole = len(str(int(size))) if size >= 1 else 0
    return f"{value:.{max(digits - whole, 0)}f}" if whole else f"{value:.{digits}g}"


def percent(fraction: float | None, *, signed: bool = False) -> str:
    """Write a fraction in percent, with one digit."""
    if fraction is None or not math.isfinite(fraction):
        return DASH
    text = f"{100 * fraction:{'+' if signed else ''}.1f} %"
    return text.replace("-", "\u2212")


def count(n: int) -> str:
    """Write a whole number in full, in groups of three digits."""
    return f"{n:,}".replace(",", "\u202f")


def plural(n: int, one: str, many: str | None = None) -> str:
    """Write a count with its noun: ``plural(2, "network") == "2 networks"``."""
    return f"{count(n)} {one if n == 1 else many or one + 's'}"
