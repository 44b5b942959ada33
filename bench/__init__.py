"""Measurements; each module runs as ``python -m bench.NAME`` and writes JSON."""
