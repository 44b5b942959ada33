"""Pictures of tables."""

from __future__ import annotations

from dataclasses import replace

import pytest
from latency.tables.synthetic import THERE, made

from pyhwnas.errors import LatencyTableError
from pyhwnas.latency import draw_comparison, draw_table

pytest.importorskip("matplotlib")


def test_a_table_and_its_networks(tmp_path):
    draw_table(made(), tmp_path / "table.svg")
    text = (tmp_path / "table.svg").read_text()
    assert text.startswith("<?xml")
    with pytest.raises(LatencyTableError, match="no networks to draw"):
        draw_table(replace(made(), accuracy=None), tmp_path / "none.svg")
    with pytest.raises(ValueError, match=r"\.png or \.svg"):
        draw_table(made(), tmp_path / "table.pdf")
    assert [path.name for path in tmp_path.iterdir()] == ["table.svg"]


def test_two_tables(tmp_path):
    a, b = made(), made(seed=1, factor=5.0, device=THERE)
    draw_comparison(a, b, tmp_path / "both.png")
    assert (tmp_path / "both.png").read_bytes().startswith(b"\x89PNG")
    free = {key: replace(entry, ms=0.0) for key, entry in a.entries.items()}
    with pytest.raises(LatencyTableError, match="no unit in common"):
        draw_comparison(replace(a, entries=free), b, tmp_path / "none.png")
