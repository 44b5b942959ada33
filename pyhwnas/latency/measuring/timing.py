"""One timing process, carried through whatever ends it too early."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from pyhwnas.errors import DeviceError
from pyhwnas.latency.device import Fingerprint
from pyhwnas.latency.measuring.encoding import OnStep, Step
from pyhwnas.latency.measuring.host import Host, Talk
from pyhwnas.latency.measuring.readings import ANCHOR, Process, Visit

__all__ = ["WORK", "TimingProcess"]

STRIKES = 2
PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0)
WORK = "work.json"


@dataclass(slots=True)
class TimingProcess:
    """A timing process and what it has seen, over all attempts.

    Parameters
    ----------
    folder : Path
        Holds the models.
    host : Host
    device : Fingerprint
        What is to be found there.
    items : dict of str to dict
        Models by key, as the agent reads them; the anchor first.
    work : mapping
        The rest of the agent's work.
    failed : dict of str to str
        Models that could not be timed, and why; added to.
    on_round : callable
        Called with the agent's report of each round.
    on_step : callable, optional
        Called with a `Step` as models are sent and loaded.
    """

    folder: Path
    host: Host
    device: Fingerprint
    items: dict[str, dict[str, Any]]
    work: Mapping[str, Any]
    failed: dict[str, str]
    on_round: Callable[[Mapping[str, Any]], None]
    on_step: OnStep | None = None
    visits: dict[str, list[Visit]] = field(default_factory=dict)
    unsettled: list[str] = field(default_factory=list)
    stop: str = ""
    start: float = field(default_factory=time.monotonic)
    loaded: set[str] = field(default_factory=set)

    def run(self) -> Process:
        """Attempt it until it has ended as it should.

        Raises
        ------
        DeviceError
            If it dies without a model to blame, the device is another one, or the connection
            breaks again and again without anything seen in between.
        """
        strikes: Counter[str] = Counter()
        pauses = iter(PAUSES)
        for attempt in count():
            before = sum(map(len, self.visits.values()))
            at, talk = self._attempt(attempt)
            if self.stop:
                return Process(self.visits, self.failed, self.stop, tuple(self.unsettled))
            if talk.lost:
                if sum(map(len, self.visits.values())) > before:
                    pauses = iter(PAUSES)
                pause = next(pauses, None)
                if pause is None:
                    raise DeviceError(f"{talk.words} (last at {at or 'no model'})")
                time.sleep(pause)
                continue
            reason = talk.death()
            if refused := self.failed.get(ANCHOR.key):
                raise DeviceError(
                    "nothing could be timed on this backend: it refuses the anchor network: "
                    f"{refused}"
                )
            if at is None:
                raise DeviceError(f"nothing could be timed on this backend: {reason}")
            strikes[at] += 1
            if strikes[at] == STRIKES:
                if at == ANCHOR.key:
                    raise DeviceError(f"{reason}, twice while the anchor network ran")
                self.failed[at] = reason
                del self.items[at]
        raise AssertionError("count() ended")

    def _attempt(self, attempt: int) -> tuple[str | None, Talk]:
        """Run the agent to its end or death; return the model it was at, and what was said."""
        names = list(self.items)
        order = np.random.default_rng(self.work["seed"]).permutation(len(names) - 1)
        keys = [names[0], *(names[1 + i] for i in order)]
        rounds = {key: self.work["rounds"] - len(self.visits.get(key, ())) for key in keys}
        # The anchor is there in every round; a model that has had all of its own is done.
        keys = [keys[0], *(key for key in keys[1:] if rounds[key] > 0)]
        items = [self.items[key] | {"rounds": rounds[key]} for key in keys]
        path = self.folder / WORK
        seconds = self.work["seconds"]
        if seconds is not None:
            seconds = max(seconds - (time.monotonic() - self.start), 0.0)
        work = {**self.work, "items": items, "seconds": seconds}
        path.write_text(json.dumps(work), encoding="utf-8")
        at: str | None = None
        threads = self.work["backend"]["settings"].get("threads", 1)
        with self.host.talk(self.folder, WORK, threads) as talk:
            for event in talk.events():
                if event["event"] in ("load", "at"):
                    at = keys[event["item"]]
                self._take(event, keys, attempt)
        return at, talk

    def _take(self, event: Mapping[str, Any], keys: Sequence[str], attempt: int) -> None:
        match event["event"]:
            case "device":
                if changed := self.device.differences(Fingerprint.from_json(event["fingerprint"])):
                    raise DeviceError(
                        f"the device has changed since the measurement began: {'; '.join(changed)}"
                    )
            case "sent":
                self._step("sending kB", event["bytes"] // 1000, event["of"] // 1000)
            case "load":
                self.loaded.add(keys[event["item"]])
                self._step("loading models", len(self.loaded), len(keys))
            case "problem":
                raise DeviceError(event["text"])
            case "visit":
                window = (attempt, *event["window"])
                visit = Visit(window, event["wall"], event["own"], event["uj"])
                self.visits.setdefault(keys[event["item"]], []).append(visit)
            case "refused":
                self.failed[keys[event["item"]]] = event["error"]
            case "round":
                self.on_round(event)
            case "unsettled":
                self.unsettled += [keys[item] for item in event["items"]]
            case "end":
                self.stop = event["stop"]

    def _step(self, doing: str, done: int, total: int) -> None:
        if self.on_step is not None:
            self.on_step(Step(doing, done, total))
