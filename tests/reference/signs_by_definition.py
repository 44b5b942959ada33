"""Bits of activation signs, and what is counted from them, with whole arrays of bools."""

from __future__ import annotations

import numpy as np


def pack_signs(x):
    n, units = x.shape
    bits = np.zeros((n, -(-units // 64)), dtype=np.uint64)
    for u in range(units):
        bits[:, u // 64] |= (x[:, u] > 0).astype(np.uint64) << np.uint64(u % 64)
    return bits


def sign_statistics(x):
    code = (x > 0).astype(np.int64)
    return code.sum(axis=1), (code * code.sum(axis=0)).sum(axis=1)


def sign_distances(x):
    code = (x > 0).astype(np.float64)
    agree = code @ code.T + (1.0 - code) @ (1.0 - code).T
    return (x.shape[1] - agree).astype(np.int64)


def squared_distances_to_mean(x):
    """What inter-class distance scores are made of."""
    code = (x > 0).astype(float)
    return ((code - code.mean(axis=0)) ** 2).sum(axis=1)
