"""A hierarchical space: stages first, then the blocks in them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from pyhwnas.errors import SpaceError
from pyhwnas.networks import ABSENT, INPUT, Linear, Plan, Shape, Slot, chain
from pyhwnas.spaces.backbones import CIFAR, IMAGENET, Backbone, Stage
from pyhwnas.spaces.base import Gene, IntMatrix, PlainSpace, as_genotypes, row_hash
from pyhwnas.spaces.menu import Menu, mixed

__all__ = ["Hierarchical"]

BoolMatrix = npt.NDArray[np.bool_]

SMALL_IMAGE = 64
BLOCK_GENES = ("type", "kernel", "expansion", "attention")


@dataclass(frozen=True)
class Hierarchical(PlainSpace):
    """Five stages of free depth, width and stride, and in each of their blocks type and shape.

    With the default backbone there are 4e39 networks for each resolution.

    Parameters
    ----------
    resolutions : tuple of int
        Input sizes in pixels to choose from, ascending.
    n_classes : int
        Outputs of the classifier.
    backbone : Backbone, optional
        What is fixed and what is left to choose. By default `IMAGENET`, or `CIFAR` where the
        resolutions are below 64 pixels.
    flat : bool
        Whether the same networks are written without hierarchy, see Notes.

    Notes
    -----
    The first gene is the resolution. Then each stage has its depth, width and stride, and for
    each block, up to the greatest depth, its type (`MBConv`, `FusedMBConv`, `Bottleneck`),
    kernel, expansion and attention (none, squeeze and excitation, ECA): 96 genes. Where a type
    has fewer kernels or expansions than the gene has values, the index counts on from the first
    again; genes of blocks beyond the depth are not expressed. A row is valid if its strides
    multiply to the backbone's reduction; others are repaired by the fewest changes of strides,
    chosen at random.

    In the flat form a stage has no depth: the first value of a block's type leaves the block out,
    and those that are left out come last in the canonical form. Genes have no groups. A row is
    valid if, moreover, each stage has one of its numbers of blocks.

    The text form is the same for both: resolution, then for each stage width, stride and blocks,
    as in ``r224:24s2-mb3e6-fused5e2+se:40s1-...``. Two rows have one identity if they run the
    same blocks one after the other, whichever stage these belong to.

    A plan lists each block for each size, width and stride that it may meet: 12 000 units for
    each resolution of the default backbone, 15 000 for each one below 64 pixels.

    The paper states the idea, Eq. 1; the values to choose from are ours.

    References
    ----------
    Zhang et al., "Neural Architecture Search for Efficient Convolutional Networks: A
    Multi-Objective Optimization Approach"

    Examples
    --------
    >>> from pyhwnas import networks
    >>> from pyhwnas.spaces import backbones
    >>> space = Hierarchical(resolutions=(224,), backbone=backbones.MOBILENET_V2)
    >>> space.to_str([0] * len(space.genes))[:39]
    'r224:16s1-mb3e1:24s2-mb3e6-mb3e6:32s2-m'
    >>> networks.params(networks.build(space, [0] * len(space.genes)))
    3504872
    """

    resolutions: tuple[int, ...] = (192, 224)
    n_classes: int = 1000
    backbone: Backbone | None = None
    flat: bool = False
    name = "hierarchical"

    def __post_init__(self) -> None:
        if not self.resolutions or list(self.resolutions) != sorted(set(self.resolutions)):
            raise SpaceError(
                f"resolutions: expected distinct ascending sizes in pixels, got {self.resolutions}"
            )
        if self.resolutions[0] < 8 or self.n_classes < 1:
            raise SpaceError(
                f"hierarchical: expected resolutions of at least 8 and a positive number of "
                f"classes, got {self.resolutions[0]} and {self.n_classes}"
            )
        if self.backbone is None:
            if self.resolutions[0] < SMALL_IMAGE <= self.resolutions[-1]:
                raise SpaceError(
                    f"resolutions: the default backbones are for sizes below {SMALL_IMAGE} or "
                    f"from there on, got both: {self.resolutions}; name a backbone"
                )
            small = self.resolutions[0] < SMALL_IMAGE
            object.__setattr__(self, "backbone", CIFAR if small else IMAGENET)

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages of the backbone."""
        return self._backbone.stages

    @property
    def _backbone(self) -> Backbone:
        assert self.backbone is not None
        return self.backbone

    @property
    def _total(self) -> int:
        """How often all stages together halve the map."""
        return self._backbone.reduction.bit_length() - 1

    @cached_property
    def genes(self) -> tuple[Gene, ...]:  # type: ignore[override]  # it is read-only here
        """The resolution, then stage by stage its own genes and those of its blocks."""

        def gene(name: str, n: int, ordinal: bool, *group: str) -> Gene:
            return Gene(name, n, ordinal, () if self.flat else group)

        genes = [gene("resolution", len(self.resolutions), True, "resolution")]
        for number, (stage, menu) in enumerate(zip(self.stages, self._menus, strict=True), 1):
            s = f"stage{number}"
            if not self.flat:
                genes.append(gene(f"{s}.depth", len(stage.depths), True, s))
            genes.append(gene(f"{s}.width", len(stage.widths), True, s))
            genes.append(gene(f"{s}.stride", len(stage.strides), True, s))
            for block in range(1, stage.depths[-1] + 1):
                genes += [
                    gene(
                        f"{s}.{kind}{block}", n, kind in ("kernel", "expansion"), s, f"{s}.{block}"
                    )
                    for kind, n in zip(BLOCK_GENES, menu.sizes, strict=True)
                ]
        return tuple(genes)

    @cached_property
    def plan(self) -> Plan:
        """Stem, all blocks of all stages, head.

        Candidates are listed by what is chosen earlier (stride, widths) before what is chosen
        later (the block); the resolution is the last. Where a stage may be less deep, the last
        block is the identity.
        """
        stems = [chain((3, side, side), *self._backbone.stem) for side in self.resolutions]
        slots = [Slot("stem", (INPUT,), tuple(stems), group="stem")]
        channels, sides = stems[0].out_shape[0], [stem.out_shape[1] for stem in stems]
        widths: tuple[int, ...] = (channels,)

        def shapes(width: int, halvings: int) -> list[Shape]:
            return [(width, *(-(-side // 2**halvings),) * 2) for side in sides]

        for number, (stage, menu) in enumerate(zip(self.stages, self._menus, strict=True), 1):
            ways = self._ways[number - 1]
            first = [
                unit
                for before, stride in ways
                for a in widths
                for b in stage.widths
                for unit in menu.units(shapes(a, before), b, stride)
            ]
            widths = stage.widths
            after = [shapes(b, halvings) for halvings in _ends(ways) for b in widths]
            built = [(s, list(menu.units(s, s[0][0], 1))) for s in after]
            more = [unit for _, units in built for unit in units]
            last = [unit for s, units in built for unit in (*units, *map(chain, s))]
            for block in range(stage.depths[-1]):
                units = first if block == 0 else more if block < stage.depths[0] else last
                name = f"stage{number}_block{block + 1}"
                slots.append(Slot(name, (len(slots) - 1,), tuple(units), group=f"stage{number}"))
        classifier = (*self._backbone.head, Linear(self.n_classes))
        heads = [chain(s, *classifier) for width in widths for s in shapes(width, self._total)]
        slots.append(Slot("head", (len(slots) - 1,), tuple(heads), group="head"))
        return Plan(tuple(slots))

    @cached_property
    def _menus(self) -> list[Menu]:
        return [Menu(stage, optional=self.flat) for stage in self.stages]

    @cached_property
    def _ways(self) -> list[list[tuple[int, int]]]:
        """For each stage: how often the map may be halved before it, with its stride."""
        before, ways = {0}, []
        for number, stage in enumerate(self.stages):
            rest = self.stages[number + 1 :]
            low = self._total - sum(max(other.strides) == 2 for other in rest)
            high = self._total - sum(min(other.strides) == 2 for other in rest)
            pairs = [(b, s) for b in sorted(before) for s in stage.strides]
            ways.append([(b, s) for b, s in pairs if low <= b + s - 1 <= high])
            before = set(_ends(ways[-1]))
        return ways

    @cached_property
    def _starts(self) -> list[int]:
        """Column of each stage's first gene."""
        lengths = [self._own + len(BLOCK_GENES) * stage.depths[-1] for stage in self.stages]
        return [1, *(1 + np.cumsum(lengths)[:-1]).tolist()]

    @property
    def _own(self) -> int:
        """Genes of a stage besides those of its blocks; width and stride are the last two."""
        return 2 if self.flat else 3

    def _own_gene(self, X: IntMatrix, gene: int) -> IntMatrix:
        """Return one gene of all stages, int64[n, n_stages]; -2 is the width, -1 the stride."""
        return X[:, [start + self._own + gene for start in self._starts]]

    def _halves(self, X: IntMatrix) -> IntMatrix:
        """Tell which stages halve the map, int64[n, n_stages] of 0 and 1."""
        least = np.array([stage.strides[0] for stage in self.stages], dtype=np.int64)
        return self._own_gene(X, -1) + least - 1

    def _blocks(self, X: IntMatrix, stage: int) -> IntMatrix:
        """Return the genes of a stage's blocks, int64[n, n_blocks, 4], a view."""
        first, n_blocks = self._starts[stage] + self._own, self.stages[stage].depths[-1]
        last = first + len(BLOCK_GENES) * n_blocks
        return X[:, first:last].reshape(len(X), n_blocks, len(BLOCK_GENES))

    def _options(self, X: IntMatrix, stage: int) -> IntMatrix:
        """Return a stage's blocks by number, int64[n, n_blocks], -1 beyond the depth."""
        option = self._menus[stage].read(self._blocks(X, stage))
        if self.flat:
            order = np.argsort(option < 0, axis=1, kind="stable")
            return np.take_along_axis(option, order, axis=1)
        depth = np.array(self.stages[stage].depths).take(X[:, self._starts[stage]])
        return np.where(np.arange(option.shape[1]) < depth[:, None], option, -1)

    def choices(self, X: IntMatrix) -> npt.NDArray[np.int32]:
        """Choose the candidate in each slot, int32[n, n_slots]; all `ABSENT` in an invalid row."""
        X = np.asfortranarray(X, dtype=np.int32)  # genes are read column by column
        choices = np.empty((len(X), len(self.plan.slots)), dtype=np.int32, order="F")
        columns = iter(choices.T)
        resolution = (X[:, 0], len(self.resolutions))
        halves, width = self._halves(X), self._own_gene(X, -2)
        halvings = np.cumsum(halves, axis=1)
        next(columns)[:] = resolution[0]
        entering = (np.zeros(len(X), dtype=np.int64), 1)
        for number, (stage, ways) in enumerate(zip(self.stages, self._ways, strict=True)):
            option, n_options = self._options(X, number), len(self._menus[number])
            end, half = halvings[:, number], halves[:, number]
            way = np.zeros(2 * self._total + 3, dtype=np.int64)
            way[[2 * before + stride for before, stride in ways]] = np.arange(len(ways))
            way = way.take(2 * end - half + 1, mode="clip")
            leaving, first = (width[:, number], len(stage.widths)), (option[:, 0], n_options)
            next(columns)[:] = mixed((way, len(ways)), entering, leaving, first, resolution)
            place = (end - _ends(ways)[0], len(_ends(ways)))
            for block in range(1, stage.depths[-1]):
                count = n_options + (block >= stage.depths[0])
                chosen = (option[:, block] % (n_options + 1), count)
                next(columns)[:] = mixed(place, leaving, chosen, resolution)
            entering = leaving
        next(columns)[:] = mixed(entering, resolution)
        choices[~self._valid(X)] = ABSENT
        return choices

    def canonical(self, X: IntMatrix) -> IntMatrix:
        """Set what is not expressed to 0, indices to the first of equal ones, gaps to the end."""
        X = as_genotypes(self, X).copy()
        for number, menu in enumerate(self._menus):
            self._blocks(X, number)[...] = menu.genes[self._options(X, number)]
        return X

    def identity(self, X: IntMatrix) -> npt.NDArray[np.int64]:
        """Return one number for each row, the same where the same blocks run in the same order."""
        ids = self.unit_ids(X)
        skips = np.array([not unit.nodes for unit in self.plan.units])[ids] & (ids != ABSENT)
        ids = np.where(skips, ABSENT, ids)
        order = np.argsort(skips, axis=1, kind="stable")
        return row_hash(np.take_along_axis(ids, order, axis=1).astype(np.int64))

    @property
    def n_genotypes(self) -> int:
        """Ways to halve the map as often as that, times widths and rows of blocks of each stage."""
        ways: dict[int, int] = {0: 1}
        for stage in self.stages:
            ways = {
                total: sum(ways.get(total - stride + 1, 0) for stride in stage.strides)
                for total in range(self._total + 1)
            }
        stages = [
            len(stage.widths) * sum(len(menu) ** depth for depth in stage.depths)
            for stage, menu in zip(self.stages, self._menus, strict=True)
        ]
        return math.prod([len(self.resolutions), ways[self._total], *stages])

    def valid(self, X: IntMatrix) -> BoolMatrix:
        """Accept rows whose strides multiply to the reduction and whose depths there are."""
        return self._valid(as_genotypes(self, X))

    def _valid(self, X: IntMatrix) -> BoolMatrix:
        valid: BoolMatrix = self._halves(X).sum(axis=1) == self._total
        if self.flat:
            for number, stage in enumerate(self.stages):
                valid &= np.isin((self._options(X, number) >= 0).sum(axis=1), stage.depths)
        return valid

    def repair(self, X: IntMatrix, rng: np.random.Generator) -> IntMatrix:
        """Change the fewest strides, and add or leave out the fewest blocks, at random."""
        X = as_genotypes(self, X).copy()
        free = [number for number, stage in enumerate(self.stages) if len(stage.strides) == 2]
        strides = [self._starts[number] + self._own - 1 for number in free]
        missing = self._total - self._halves(X).sum(axis=1)
        X[:, strides] ^= _flips(X[:, strides] == 1, missing, rng)
        if not self.flat:
            return X
        for number, stage in enumerate(self.stages):
            kinds = self._blocks(X, number)[:, :, 0]
            there = kinds > 0
            depths, depth = np.array(stage.depths), there.sum(axis=1)
            nearest = depths[np.abs(depths - depth[:, None]).argmin(axis=1)]
            drawn = rng.integers(1, len(stage.blocks) + 1, size=kinds.shape)
            flip = _flips(there, nearest - depth, rng)
            kinds[...] = np.where(flip, np.where(there, 0, drawn), kinds)
        return X

    def to_str(self, x: npt.NDArray[np.int64]) -> str:
        """Write the resolution, then for each stage its width, its stride and its blocks."""
        X = as_genotypes(self, np.atleast_2d(x))
        words = [f"r{self.resolutions[X[0, 0]]}"]
        widths, halves = self._own_gene(X, -2)[0], self._halves(X)[0]
        for number, (stage, menu) in enumerate(zip(self.stages, self._menus, strict=True)):
            blocks = [menu.names[option] for option in self._options(X, number)[0] if option >= 0]
            words.append(
                "-".join([f"{stage.widths[widths[number]]}s{1 + halves[number]}", *blocks])
            )
        return ":".join(words)

    def from_str(self, text: str) -> npt.NDArray[np.int64]:
        """Read what `to_str` writes, of a flat space or not."""
        try:
            row = self._parse(text)
        except ValueError:
            row = None
        if row is None or not self.valid(row[None])[0]:
            zeros = np.zeros((1, len(self.genes)), dtype=np.int64)
            example = self.to_str(self.repair(zeros, np.random.default_rng(0))[0])
            raise SpaceError(
                f"hierarchical: expected the resolution and for each of {len(self.stages)} stages "
                f"its width, stride and blocks, such as {example!r}, with strides that multiply "
                f"to {2**self._total}; got {text!r}"
            )
        return row

    def _parse(self, text: str) -> npt.NDArray[np.int64]:
        head, *of_stages = text.strip().split(":")
        row = [self.resolutions.index(int(head.removeprefix("r")))]
        for stage, menu, of_stage in zip(self.stages, self._menus, of_stages, strict=True):
            own, *words = of_stage.split("-")
            width, stride = own.split("s")
            row += [] if self.flat else [stage.depths.index(len(words))]
            row += [stage.widths.index(int(width)), stage.strides.index(int(stride))]
            options = [menu.names.index(word) for word in words]
            options += [-1] * (stage.depths[-1] - len(options))
            row += menu.genes[options].ravel().tolist()
        if len(row) != len(self.genes):
            raise ValueError(text)
        return np.array(row, dtype=np.int64)


def _ends(ways: list[tuple[int, int]]) -> list[int]:
    """How often the map may have been halved after a stage."""
    return sorted({before + stride - 1 for before, stride in ways})


def _flips(bits: BoolMatrix, more: IntMatrix, rng: np.random.Generator) -> BoolMatrix:
    """Pick random bits of each row to flip so that so many more (or less, if < 0) are set."""
    eligible = bits == (more < 0)[:, None]
    luck = np.where(eligible, rng.random(bits.shape), np.inf)
    place = np.argsort(np.argsort(luck, axis=1), axis=1)
    flips: BoolMatrix = eligible & (place < np.abs(more)[:, None])
    return flips
