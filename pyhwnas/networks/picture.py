"""A network as a picture: one SVG that any browser shows, without script or web font."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import groupby, pairwise
from textwrap import wrap

from pyhwnas.networks.counts import macs, params
from pyhwnas.networks.label import kind, label
from pyhwnas.networks.network import Block, Network
from pyhwnas.networks.op import Shape
from pyhwnas.networks.plan import INPUT

__all__ = ["picture"]

WIDTH = 1100
MARGIN = 24
HEADER = 32
HEADER_LINE = 20
TITLE = 120  # characters in a line
FRAME_PADDING = 18
FRAME_TITLE = 24
CAPTION = 22
COLUMN_GAP = 30
LANE_GAP = 10
GROUP_GAP = 34
ROW_GAP = 40
LINE = 15
CHARACTER = 6.9  # of the 12 px font, on the wide side

# Fill and outline by kind of unit; dark text is legible on each fill.
COLOURS = {
    "conv": ("#dbeafe", "#2563eb"),
    "mbconv": ("#d1fae5", "#059669"),
    "pool": ("#fef3c7", "#d97706"),
    "join": ("#f3f4f6", "#6b7280"),
    "linear": ("#ede9fe", "#7c3aed"),
    "other": ("#f3f4f6", "#6b7280"),
}
STYLE = (
    "text{font-family:system-ui,-apple-system,'Segoe UI','DejaVu Sans',Arial,sans-serif;"
    "font-size:12px;fill:#111827}"
    ".title{font-size:15px;font-weight:600}.muted{fill:#4b5563}.name{font-weight:600}"
    ".frame{fill:#fafafa;stroke:#d1d5db}.edge{fill:none;stroke:#6b7280;stroke-width:1.5}"
)


def picture(network: Network) -> str:
    """Draw a network as SVG.

    Parameters
    ----------
    network : Network

    Returns
    -------
    str
        A complete SVG document with its own white background, about 1100 px wide. Blocks stand
        in frames by group; equal groups in a row are drawn once, with their number; what does
        nothing is drawn as a line.

    Examples
    --------
    >>> from pyhwnas import networks, spaces
    >>> network = networks.build(spaces.NASBench201(), [3, 0, 0, 1, 0, 2])
    >>> svg = networks.picture(network)
    >>> svg.startswith("<svg"), "conv 3x3" in svg
    (True, True)
    """
    panels = [_panel(network, numbers, count) for numbers, count in _groups(network)]
    rows = _rows(panels)
    width = max(WIDTH, *(sum(p.width + GROUP_GAP for p in row) + 2 * MARGIN for row in rows))
    parts = _header(network)
    y = float(HEADER + HEADER_LINE * len(parts))
    for row in rows:
        centre = y + max(panel.above for panel in row)
        x = float(MARGIN + GROUP_GAP)
        for panel in row:
            panel.x, panel.centre = x, centre
            parts += panel.draw()
            x += panel.width + GROUP_GAP
        y = centre + max(panel.below for panel in row) + ROW_GAP
    parts += _between(rows)
    height = y - ROW_GAP + MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" role="img">\n'
        f"<style>{STYLE}</style>\n"
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="#6b7280"/></marker></defs>\n'
        f'<rect width="100%" height="100%" rx="8" fill="#ffffff"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


@dataclass(slots=True)
class _Item:
    """A box in a column, or, without text, a place where a line passes through it."""

    column: int
    lines: list[str]
    kind: str = ""
    note: str = ""
    before: list[_Item] = field(default_factory=list)
    after: list[_Item] = field(default_factory=list)
    x: float = 0.0
    y: float = 0.0
    width: float = field(init=False)

    def __post_init__(self) -> None:
        self.width = max(map(len, self.lines)) * CHARACTER + 16 if self.lines else 0.0

    @property
    def height(self) -> float:
        return len(self.lines) * LINE + 11.0 if self.lines else 14.0


@dataclass(slots=True)
class _Panel:
    """A framed group, laid out around the middle of its left edge."""

    title: str
    caption: str
    columns: list[list[_Item]]
    width: float = 0.0
    x: float = 0.0
    centre: float = 0.0

    def __post_init__(self) -> None:
        x = 0.0
        for column in self.columns:
            width = max(item.width for item in column)
            for item in column:
                item.x = x + width / 2
                if not item.lines:
                    item.width = width
            x += width + COLUMN_GAP
        # Entry and exit stand on the frame itself.
        inner = x - COLUMN_GAP
        text = max(len(self.title) * CHARACTER * 1.1 + 12, len(self.caption) * CHARACTER)
        self.width = max(inner, text)
        for column in self.columns:
            for item in column:
                item.x += (self.width - inner) / 2
        self.columns[0][0].x, self.columns[-1][0].x = 0.0, self.width

    @property
    def _half(self) -> float:
        return max(abs(i.y) + i.height / 2 for c in self.columns for i in c) + FRAME_PADDING

    @property
    def above(self) -> float:
        return self._half + FRAME_TITLE

    @property
    def below(self) -> float:
        return self._half + CAPTION

    def draw(self) -> list[str]:
        top = self.centre - self.above
        parts = [
            f'<rect class="frame" x="{self.x:.1f}" y="{top:.1f}" width="{self.width:.1f}" '
            f'height="{self.above + self._half:.1f}" rx="8"/>',
            _text(self.x + 10, top + 18, self.title, "name", "start"),
            _text(self.x + self.width / 2, self.centre + self.below - 4, self.caption, "muted"),
            f'<g transform="translate({self.x:.1f} {self.centre:.1f})">',
        ]
        items = [item for column in self.columns for item in column]
        parts += [part for item in items for part in _lines(item)]
        parts += [part for item in items for part in _box(item)]
        return [*parts, "</g>"]


def _groups(network: Network) -> list[tuple[list[int], int]]:
    """List the blocks of each group, and how many equal groups follow each other there."""
    numbers = range(len(network.blocks))
    parts = groupby(numbers, key=lambda i: network.blocks[i].group)
    groups: list[tuple[list[int], int]] = []
    previous: object = None
    for _, members in parts:
        own = list(members)
        shape = [
            (block.unit.key, [source - own[0] for source in block.inputs])
            for block in (network.blocks[i] for i in own)
        ]
        if shape == previous:
            groups[-1] = (groups[-1][0], groups[-1][1] + 1)
        else:
            groups.append((own, 1))
        previous = shape
    return groups


def _panel(network: Network, numbers: Sequence[int], count: int) -> _Panel:
    blocks = network.blocks
    last = blocks[numbers[-1]]
    title = last.group or last.name
    if count > 1:
        title += f"  \u00d7 {count}"
    caption = _show(last.unit.out_shape)
    if elsewhere := _elsewhere(blocks, numbers):
        caption += f", reads {', '.join(elsewhere)}"
    return _Panel(title, caption, _columns(blocks, numbers))


def _elsewhere(blocks: Sequence[Block], numbers: Sequence[int]) -> list[str]:
    """Name the groups read here other than the one just before."""
    sources = {source for i in numbers for source in blocks[i].inputs if source < numbers[0] - 1}
    return list(dict.fromkeys("input" if s == INPUT else blocks[s].group for s in sorted(sources)))


def _columns(blocks: Sequence[Block], numbers: Sequence[int]) -> list[list[_Item]]:
    """Set the blocks of a group in columns by their longest path from the group's entry."""
    entry = _Item(0, [])
    at: dict[int, tuple[_Item, bool]] = {}
    links: list[tuple[_Item, _Item, bool]] = []
    drawn: list[_Item] = [entry]
    idle = all(not blocks[i].unit.nodes for i in numbers)
    for i in numbers:
        block = blocks[i]
        arriving = [at.get(source, (entry, False)) for source in block.inputs]
        if not block.unit.nodes and not (idle and i == numbers[-1]):
            at[i] = (arriving[0][0], True)
            continue
        column = 1 + max(item.column for item, _ in arriving)
        item = _Item(column, label(block.unit).split(", "), kind(block.unit))
        links += [(source, item, skipped) for source, skipped in arriving]
        at[i] = (item, False)
        drawn.append(item)
    exit_ = _Item(1 + max(item.column for item in drawn), [])
    links.append((at[numbers[-1]][0], exit_, False))
    columns: list[list[_Item]] = [[] for _ in range(exit_.column + 1)]
    for item in (*drawn, exit_):
        columns[item.column].append(item)
    for source, target, skipped in links:
        _connect(columns, source, target, "skip" if skipped else "")
    _untangle(columns)
    return columns


def _connect(columns: list[list[_Item]], source: _Item, target: _Item, note: str) -> None:
    """Link two items, through a place of its own in each column between them."""
    path = [source]
    for column in range(source.column + 1, target.column):
        path.append(_Item(column, []))
        columns[column].append(path[-1])
    if len(path) > 1:
        path[(len(path) + 1) // 2].note = note
    path.append(target)
    for left, right in pairwise(path):
        left.after.append(right)
        right.before.append(left)


def _untangle(columns: list[list[_Item]]) -> None:
    """Order each column by where its neighbours are, forwards and backwards, and stack it."""
    for column in columns:
        _stack(column)
    for _ in range(4):
        for column in columns[1:]:
            column.sort(key=lambda item: _mean([other.y for other in item.before]))
            _stack(column)
        for column in reversed(columns[:-1]):
            column.sort(key=lambda item: _mean([other.y for other in item.after]))
            _stack(column)


def _stack(column: list[_Item]) -> None:
    y = -(sum(item.height for item in column) + LANE_GAP * (len(column) - 1)) / 2
    for item in column:
        item.y = y + item.height / 2
        y += item.height + LANE_GAP


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _rows(panels: Sequence[_Panel]) -> list[list[_Panel]]:
    rows: list[list[_Panel]] = [[]]
    x = 0.0
    for panel in panels:
        if rows[-1] and x + panel.width + GROUP_GAP > WIDTH - 2 * MARGIN:
            rows.append([])
            x = 0.0
        rows[-1].append(panel)
        x += panel.width + GROUP_GAP
    return rows


def _header(network: Network) -> list[str]:
    title = wrap(f"{network.space or 'network'} {network.arch}", TITLE, max_lines=12)
    facts = (
        f"input {_show(network.input_shape)}, output {_show(network.output_shape)}, "
        f"{_big(macs(network))} multiply-accumulates, {_big(params(network))} parameters"
    )
    lines = [*((line, "title") for line in title), (facts, "muted")]
    return [
        _text(MARGIN, 28 + HEADER_LINE * i, line, style, "start")
        for i, (line, style) in enumerate(lines)
    ]


def _between(rows: Sequence[Sequence[_Panel]]) -> Iterator[str]:
    """Draw the arrows from group to group, around the corner where a row ends."""
    first, last = rows[0][0], rows[-1][-1]
    yield _path(f"M{first.x - 26:.1f} {first.centre:.1f}h26")
    yield _path(f"M{last.x + last.width:.1f} {last.centre:.1f}h26", tip=True)
    for row in rows:
        for left, right in pairwise(row):
            yield _path(f"M{left.x + left.width:.1f} {left.centre:.1f}H{right.x:.1f}")
    for upper, lower in pairwise(rows):
        last, next_ = upper[-1], lower[0]
        middle = next_.centre - max(panel.above for panel in lower) - ROW_GAP / 2
        start, r = last.x + last.width, 8
        yield _path(
            f"M{start:.1f} {last.centre:.1f}h8q{r} 0 {r} {r}V{middle - r:.1f}q0 {r} {-r} {r}"
            f"H{next_.x - 18:.1f}q{-r} 0 {-r} {r}V{next_.centre - r:.1f}q0 {r} {r} {r}"
            f"H{next_.x:.1f}"
        )


def _lines(item: _Item) -> Iterator[str]:
    """Draw the lines from an item to the next ones; equal ones bow apart."""
    for position, other in enumerate(item.after):
        twins = [i for i, twin in enumerate(item.after) if twin is other]
        bow = 14 * (twins.index(position) - (len(twins) - 1) / 2)
        x1, x2 = item.x + item.width / 2, other.x - other.width / 2
        middle = (x1 + x2) / 2
        yield _path(
            f"M{x1:.1f} {item.y:.1f}C{middle:.1f} {item.y + bow:.1f} {middle:.1f} "
            f"{other.y + bow:.1f} {x2:.1f} {other.y:.1f}",
            tip=bool(other.lines),
        )


def _box(item: _Item) -> Iterator[str]:
    if not item.lines and item.width:
        yield _path(f"M{item.x - item.width / 2:.1f} {item.y:.1f}h{item.width:.1f}")
    if item.note:
        width = len(item.note) * CHARACTER + 4
        yield (
            f'<rect x="{item.x - width / 2:.1f}" y="{item.y - 8:.1f}" width="{width:.1f}" '
            'height="16" fill="#fafafa"/>'
        )
        yield _text(item.x, item.y + 4, item.note, "muted")
    if not item.lines:
        return
    fill, stroke = COLOURS[item.kind]
    radius = 12 if item.kind == "join" else 5
    yield (
        f'<rect x="{item.x - item.width / 2:.1f}" y="{item.y - item.height / 2:.1f}" '
        f'width="{item.width:.1f}" height="{item.height:.1f}" rx="{radius}" fill="{fill}" '
        f'stroke="{stroke}"/>'
    )
    first = item.y - (len(item.lines) - 1) * LINE / 2 + 4
    for number, line in enumerate(item.lines):
        yield _text(item.x, first + number * LINE, line)


def _path(d: str, *, tip: bool = False) -> str:
    end = ' marker-end="url(#tip)"' if tip else ""
    return f'<path class="edge" d="{d}"{end}/>'


def _text(x: float, y: float, text: str, style: str = "", anchor: str = "middle") -> str:
    of = f' class="{style}"' if style else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{of} text-anchor="{anchor}">{escape(text)}</text>'


def _show(shape: Shape) -> str:
    return " \u00d7 ".join(map(str, shape))


def _big(count: int) -> str:
    """Write a count with three digits: 5.48 M."""
    for factor, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if count >= factor:
            return f"{count / factor:.3g} {unit}"
    return str(count)
