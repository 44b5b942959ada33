"""How far sums of units are off on whole networks, by the way in which units are timed.

Run as ``python -m bench.latency``. For each space all ways time the same units side by side, in the
same shuffled rounds of the same processes; whole networks are timed in other processes. A few
networks say for each way which factor to scale sums by, if any; the others check it. ``--backend``
takes any backend of `pyhwnas profile`, ``--quick`` shows that it runs.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from bench.record import save
from pyhwnas import latency, networks, spaces
from pyhwnas.errors import LatencyTableError
from pyhwnas.job import Job
from pyhwnas.latency.measuring.designs import Case, alone, in_carrier, in_chain
from pyhwnas.latency.measuring.host import Local
from pyhwnas.latency.measuring.measure import Model, look, measure
from pyhwnas.latency.measuring.readings import Readings
from pyhwnas.latency.tables.calibrate import NetworkError, accuracy, choose_scale
from pyhwnas.networks import Activation, BatchNorm, Network, Node, Unit

SPACES = {
    "nasbench201": spaces.NASBench201,
    "mobilenetv3": lambda: spaces.MobileNetV3(resolutions=(160,)),
}
COLD_BYTES = latency.Settings().cold_bytes


def operations(unit: Unit) -> Iterator[Unit]:
    """Cut a unit into what a runtime fuses: an operation with the normalisation and activation."""
    readers = [node.inputs for node in unit.nodes]
    position = 0
    while position < len(unit.nodes):
        first = len(unit.inputs) + position
        nodes = [Node(unit.nodes[position].op, tuple(range(len(unit.nodes[position].inputs))))]
        shapes = tuple(unit.shapes[value] for value in unit.nodes[position].inputs)
        last = first
        while position + 1 < len(unit.nodes):
            follower = unit.nodes[position + 1]
            alone_reads = sum(last in inputs for inputs in readers) == 1
            fusible = isinstance(follower.op, (Activation, BatchNorm))
            if not (fusible and follower.inputs == (last,) and alone_reads):
                break
            nodes.append(Node(follower.op, (len(shapes) + len(nodes) - 1,)))
            position, last = position + 1, last + 1
        yield Unit(shapes, tuple(nodes))
        position += 1


def _isolated_operations(unit: Unit, *, raw: bool) -> list[Case]:
    return [alone(part) for part in operations(unit)]


def _weights(unit: Unit) -> int:
    return 4 * networks.params(unit)


WAYS: dict[str, Callable[..., list[Case]]] = {
    "isolated operations": _isolated_operations,
    "isolated units": lambda unit, raw: [alone(unit)],
    "carrier, warm": lambda unit, raw: [in_carrier(unit, raw=raw)],
    "carrier, cold": lambda unit, raw: [in_carrier(unit, raw=raw, cold=True)],
    "carrier, cold from 32 KiB of weights on": lambda unit, raw: [
        in_carrier(unit, raw=raw, cold=_weights(unit) >= 2**15)
    ],
    "carrier, cold from 256 KiB of weights on": lambda unit, raw: [
        in_carrier(unit, raw=raw, cold=_weights(unit) >= COLD_BYTES)
    ],
    "chain": lambda unit, raw: [in_chain(unit, raw=raw)],
}
OURS = "carrier, cold from 256 KiB of weights on"


@dataclass(frozen=True)
class Subject:
    """A space's networks for a scale and for its check, and their units."""

    probes: list[Network]
    held_out: list[Network]

    @property
    def units(self) -> dict[str, tuple[Unit, bool]]:
        """Distinct units, and whether they read the network's input."""
        return {
            block.unit.key: (block.unit, block.inputs == (-1,))
            for network in (*self.probes, *self.held_out)
            for block in network.blocks
            if block.unit.nodes
        }


def choose(space: spaces.Space, probes: int, held_out: int) -> Subject:
    """Draw networks; those with the most, the least and evenly many MACs fit the scale."""
    X = spaces.sample(space, 4 * (probes + held_out), np.random.default_rng(0))
    X = X[space.unit_ids(X, live=True)[:, -1] >= 0]
    _, first = np.unique(space.identity(X), return_index=True)
    built = [networks.build(space, x) for x in X[np.sort(first)][: probes + held_out]]
    built.sort(key=networks.macs)
    places = set(np.linspace(0, len(built) - 1, probes).round().astype(int).tolist())
    return Subject(
        [network for i, network in enumerate(built) if i in places],
        [network for i, network in enumerate(built) if i not in places],
    )


def compare(space: spaces.Space, backend: Any, options: argparse.Namespace) -> dict[str, Any]:
    """Time a space's units in all ways and its networks, and compare."""
    subject = choose(space, options.probes, options.held_out)
    settings = latency.Settings(rounds=options.rounds)
    device, cache_bytes, _ = look(backend, Local())
    settings = settings.on(cache_bytes, backend.clock)
    cases = {
        way: {key: of(unit, raw=raw) for key, (unit, raw) in subject.units.items()}
        for way, of in WAYS.items()
    }
    models: dict[str, Model] = {}
    for of_way in cases.values():
        for some in of_way.values():
            for case in some:
                for key, graph in case.graphs:
                    models[key] = Model(key, graph, case.cold)
    whole = [*subject.probes, *subject.held_out]

    def timed(
        what: Sequence[Model], seed: int, reference: float | None
    ) -> tuple[Readings, Mapping[str, str]]:
        found = measure(
            what,
            backend,
            settings,
            device=device,
            host=Local(),
            processes=options.processes,
            seed=seed,
            on_progress=lambda p: print(f"{space.name} {p}", end="\r"),
        )
        readings = Readings(found, backend.clock, settings, reference_ms=reference)
        return readings, found[-1].failed

    units, failed = timed(list(models.values()), 0, None)
    truth, _ = timed([Model(network.arch, network) for network in whole], 1, units.reference_ms)
    rows, left_out = {}, {}
    for way in WAYS:
        try:
            rows[way] = _row(subject, cases[way], units, truth)
        except LatencyTableError as error:  # such as operations that a runtime does not run alone
            parts = [key for some in cases[way].values() for case in some for key, _ in case.graphs]
            refused = [f"{key}: {failed[key]}" for key in parts if key in failed]
            left_out[way] = refused[0] if refused else str(error)
    floor = next((row["floor"] for row in rows.values()), None)
    ours = rows.get(OURS)
    return {
        "units": len(subject.units),
        "models": len(models),
        "networks": len(subject.held_out),
        "processes": options.processes,
        "rounds": options.rounds,
        "floor_percent": floor,
        "disturbed": round(units.disturbed, 3),
        "ways": {way: {k: v for k, v in row.items() if k != "floor"} for way, row in rows.items()},
        "left_out": left_out,
        "unscaled_mape_over_ours": {
            way: round(row["mape_unscaled"] / ours["mape_unscaled"], 2)
            for way, row in rows.items()
            if ours is not None
        },
    }


def _row(
    subject: Subject, cases: dict[str, list[Case]], units: Readings, truth: Readings
) -> dict[str, Any]:
    costs = {key: sum(_cost(case, units) for case in some) for key, some in cases.items()}

    def summed(part: list[Network]) -> list[tuple[str, float, Any]]:
        found = []
        for network in part:
            keys = [block.unit.key for block in network.blocks if block.unit.nodes]
            measured = truth.of(network.arch)
            assert measured is not None, network.arch
            found.append((network.arch, sum(costs[key] for key in keys), measured))
        return found

    fitted, checked = summed(subject.probes), summed(subject.held_out)
    scale = choose_scale(
        np.array([total for _, total, _ in fitted]), np.array([m.ms for _, _, m in fitted])
    )
    found = accuracy(
        [],
        [NetworkError(arch, scale * total, m.ms) for arch, total, m in checked],
        [m.processes for _, _, m in checked],
        scale,
    )
    raw = np.array([abs(total / m.ms - 1) for _, total, m in checked])
    numbers = {k: v for k, v in asdict(found).items() if k not in ("probes", "held_out")}
    return {
        name: value if value is None else round(value, 4)
        for name, value in {
            "scale": scale,
            **numbers,
            "within_5_unscaled": 100 * float((raw <= 0.05).mean()),
            "within_10_unscaled": 100 * float((raw <= 0.10).mean()),
        }.items()
    }


def _cost(case: Case, units: Readings) -> float:
    found = []
    for key, _ in case.graphs:
        reading = units.of(key)
        if reading is None:
            raise LatencyTableError(f"{key} could not be timed in any process: measure again")
        found.append(np.array(reading.processes))
    whole, *rest = found
    return max(float(np.nanmedian((whole - sum(rest)) / case.copies)), 0.0)


def main() -> None:
    """Compare on both spaces and write the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backend", default="onnxruntime")
    parser.add_argument("--spaces", nargs="*", default=list(SPACES), choices=list(SPACES))
    parser.add_argument("--probes", type=int, default=8)
    parser.add_argument("--held-out", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--processes", type=int, default=3)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    if options.quick:
        options.held_out, options.rounds, options.processes = 6, 2, 1
    backend = Job(backend=options.backend).make_backend()
    found = {name: compare(SPACES[name](), backend, options) for name in options.spaces}
    for name, numbers in found.items():
        print(f"\n{name}: floor {numbers['floor_percent']}, disturbed {numbers['disturbed']}")
        for way, row in numbers["ways"].items():
            print(
                f"  {way:42} raw {row['mape_unscaled']:6.2f} % scaled {row['mape']:6.2f} % "
                f"within 5: {row['within_5']:3.0f} 10: {row['within_10']:3.0f} "
                f"spearman {row['spearman']:.3f}"
            )
        for way, reason in numbers["left_out"].items():
            print(f"  {way:42} left out: {reason}")
    if not options.quick:
        suffix = "" if options.backend == "onnxruntime" else f"_{options.backend}"
        save(f"latency{suffix}", found)


if __name__ == "__main__":
    main()
