"""Histories made of values, without a search."""

from __future__ import annotations

import numpy as np

from pyhwnas.history import HistoryLog
from pyhwnas.spaces import row_hash


def history_of(F, *, X=None, violation=None, ref_point=None):
    """Rows with these minimised values; NaN is a failure. Beyond the worst is the reference."""
    F = np.asarray(F, dtype=float)
    n, m = F.shape
    X = np.arange(n)[:, None] if X is None else X
    names = tuple(f"f{i}" for i in range(m))
    log = HistoryLog(X.shape[1], names, ("min",) * m, ("",) * m, row_hash)
    failed = np.isnan(F).any(axis=1)
    violation = np.zeros(n) if violation is None else violation
    log.append(
        X=X,
        values=F,
        violation=np.where(failed, np.inf, violation),
        batch=np.zeros(n, dtype=np.int64),
        seconds=np.zeros(n),
        keys=row_hash(X),
        errors=["failed" if row else "" for row in failed],
    )
    worst = np.nanmax(F, axis=0) if (~failed).any() else np.zeros(m)
    log.ref_point = np.asarray(worst + 1.0 if ref_point is None else ref_point, dtype=float)
    return log.view()
