"""Schedules for a model's operators, found by TVM's meta-schedule and kept for the next model."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import logging
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyhwnas._optional import require
from pyhwnas.errors import LatencyTableError
from pyhwnas.latency.backends import Encoded
from pyhwnas.latency.backends.tvm_device import Tracker, limit_threads

if TYPE_CHECKING:
    from pyhwnas.latency.backends.tvm import TVMBackend

__all__ = ["compile_tuned", "compile_untuned"]

PER_ITERATION = 16
# Records are found by an operator and its shapes; what is in its weights makes no difference.
EQUALITY = "ignore-tensor"


def compile_untuned(backend: TVMBackend, model: Encoded) -> Any:
    """Compile a model with the schedules it comes with.

    Parameters
    ----------
    backend : TVMBackend
    model : Encoded
        In ONNX.

    Returns
    -------
    tvm.relax.VMExecutable
    """
    tvm = require("tvm", extra="tvm")
    return tvm.compile(_imported(model), target=tvm.target.Target(backend.target_dict()))


def compile_tuned(backend: TVMBackend, model: Encoded) -> Any:
    """Tune those operators of a model that no earlier one had, and compile it.

    Parameters
    ----------
    backend : TVMBackend
    model : Encoded
        In ONNX.

    Returns
    -------
    tvm.relax.VMExecutable

    Raises
    ------
    LatencyTableError
        If no candidate for an operator could be compiled and run.
    """
    tvm = require("tvm", extra="tvm")
    schedule = require("tvm.s_tir.meta_schedule", extra="tvm")
    target = tvm.target.Target(backend.target_dict())
    module = _imported(model)
    tasks = schedule.relax_integration.extract_tasks(
        _fused(module, target), target, module_equality=EQUALITY
    )
    folder = _folder(backend)
    folder.mkdir(parents=True, exist_ok=True)
    database = schedule.database.JSONDatabase(work_dir=str(folder), module_equality=EQUALITY)
    new = _untuned(tasks, database, target)
    error = _tune(backend, schedule, new, database) if new else ""
    if left := _untuned(tasks, database, target):
        raise LatencyTableError(
            f"no schedule of {left[0].task_name} could be compiled and run in "
            f"{backend.trials} trials; tune with more. The last error: {error or 'none'}"
        )
    return schedule.relax_integration.compile_relax(database, module, target, params=None)


def _imported(model: Encoded) -> Any:
    onnx = require("onnx", extra="search")
    tvm = require("tvm", extra="tvm")
    frontend = require("tvm.relax.frontend.onnx", extra="tvm")
    shapes = {name: list(shape) for name, shape in model.inputs.items()}
    proto = onnx.load_from_string(model.model)
    module = frontend.from_onnx(proto, shape_dict=shapes, keep_params_in_input=False)
    return tvm.relax.transform.DecomposeOpsForInference()(module)


def _fused(module: Any, target: Any) -> Any:
    """Bring a model into the form in which its operators are tuned, as the compiler does later."""
    tvm = require("tvm", extra="tvm")
    pipeline = require("tvm.relax.pipeline", extra="tvm")
    transform = tvm.relax.transform
    passes = [
        *pipeline.library_dispatch_passes(target),
        transform.LegalizeOps(),
        transform.AnnotateTIROpPattern(),
        transform.FoldConstant(),
        transform.FuseOps(),
        transform.FuseTIR(),
    ]
    with target, tvm.transform.PassContext(opt_level=3):
        return tvm.transform.Sequential(passes)(module)


def _folder(backend: TVMBackend) -> Path:
    """Return the folder of records: those of another target, version or effort are no use."""
    platformdirs = require("platformdirs", extra="search")
    root = backend.folder or platformdirs.user_cache_dir("pyhwnas", appauthor=False)
    what = hashlib.sha256(backend.version().encode()).hexdigest()[:16]
    return Path(root) / "tvm" / f"{backend.device_name or 'here'}-{what}"


def _untuned(tasks: Sequence[Any], database: Any, target: Any) -> list[Any]:
    return [
        task
        for task in tasks
        if database.query_tuning_record(task.dispatched[0], target, task.task_name) is None
    ]


def _tune(backend: TVMBackend, schedule: Any, tasks: Sequence[Any], database: Any) -> str:
    """Add records of some operators to the database; return the last error, if any."""
    with (
        tempfile.TemporaryDirectory(prefix="pyhwnas-") as folder,
        contextlib.closing(_Bench(backend, Path(folder))) as bench,
        _quiet(),
    ):
        contexts = [_context(schedule, task, seed) for seed, task in enumerate(tasks, 1)]
        builder, runner = _in_process(schedule, bench)
        schedule.tune.tune_tasks(
            tasks=contexts,
            task_weights=[1.0] * len(tasks),
            work_dir=folder,
            max_trials_global=backend.trials * len(tasks),
            max_trials_per_task=backend.trials,
            num_trials_per_iter=min(PER_ITERATION, backend.trials),
            builder=builder,
            runner=runner,
            database=database,
            cost_model="random",
            measure_callbacks=[schedule.measure_callback.AddToDatabase()],
            module_equality=EQUALITY,
        )
        return bench.error


def _context(schedule: Any, task: Any, seed: int) -> Any:
    context = schedule.TuneContext(
        mod=task.dispatched[0],
        target=task.target,
        space_generator="post-order-apply",
        search_strategy="replay-trace",
        task_name=task.task_name,
        rand_state=seed,
        num_threads=1,
    )
    return context.clone()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the tuner's progress out of the user's terminal."""
    logger = logging.getLogger("tvm")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _in_process(schedule: Any, bench: _Bench) -> tuple[Any, Any]:
    """Make what compiles and runs candidates here: TVM's own pools time out under load."""
    tvm = require("tvm", extra="tvm")
    prepare = tvm.s_tir.transform.RemoveWeightLayoutRewriteBlock(skip_tensor_rewrite=True)
    derived = require("tvm.ir.utils", extra="tvm").derived_object

    @derived
    class Builder(schedule.builder.PyBuilder):  # type: ignore[misc]
        def build(self, build_inputs: Any) -> list[Any]:
            results = []
            for item in build_inputs:
                try:
                    made = tvm.tirx.build(prepare(item.mod), target=item.target)
                    results.append(schedule.builder.BuilderResult(bench.keep(made), None))
                except Exception as error:
                    results.append(schedule.builder.BuilderResult(None, bench.note(error)))
            return results

    @derived
    class Done(schedule.runner.PyRunnerFuture):  # type: ignore[misc]
        def __init__(self, seconds: list[float] | None, error: str | None) -> None:
            super().__init__()
            self.found = schedule.runner.RunnerResult(seconds, error)

        def done(self) -> bool:
            return True

        def result(self) -> Any:
            return self.found

    @derived
    class Runner(schedule.runner.PyRunner):  # type: ignore[misc]
        def run(self, runner_inputs: Any) -> list[Any]:
            results = []
            for item in runner_inputs:
                try:
                    results.append(Done(bench.run(item.artifact_path, item.args_info), None))
                except Exception as error:
                    results.append(Done(None, bench.note(error)))
            return results

    return Builder(), Runner()


class _Bench:
    """Candidates between their compilation and their run."""

    def __init__(self, backend: TVMBackend, folder: Path) -> None:
        self._tvm = limit_threads(backend.threads)
        self._backend = backend
        self._folder = folder
        self._count = itertools.count()
        self._made: dict[str, Any] = {}
        self.error = ""
        rpc, threads = backend.rpc, backend.threads
        self._session = Tracker.parse(rpc).request(threads) if rpc else None

    def keep(self, made: Any) -> str:
        """Take a candidate, and return the name to run it by."""
        name = f"candidate{next(self._count)}"
        self._made[name] = made
        return name

    def note(self, error: Exception) -> str:
        """Keep an error for whoever wonders why no candidate is left."""
        self.error = f"{type(error).__name__}: {error}"
        return self.error

    def run(self, name: str, arguments: Sequence[Any]) -> list[float]:
        """Time a candidate on the device; return seconds."""
        device = self._session.cpu() if self._session else self._tvm.cpu()
        module = self._loaded(name)
        fill = "tvm.contrib.random.random_fill_for_measure"
        find = self._session.get_function if self._session else self._tvm.get_global_func
        tensors = []
        for argument in arguments:
            _, dtype, shape = argument.as_json()
            tensors.append(self._tvm.runtime.empty(shape=shape, dtype=dtype, device=device))
            find(fill)(tensors[-1])
        entry = "main"
        timer = module.time_evaluator(entry, device, number=1, repeat=3, min_repeat_ms=5)
        return [float(seconds) for seconds in timer(*tensors).results]

    def close(self) -> None:
        """Give the device back: the timing process is to ask for it next."""
        self._session = None

    def _loaded(self, name: str) -> Any:
        made = self._made.pop(name)
        if self._session is None:
            return made.jit() if hasattr(made, "jit") else made
        path = self._folder / f"{name}.so"  # one in use must not be written over
        made.export_library(str(path), fcompile=self._backend.linker())
        self._session.upload(str(path))
        return self._session.load_module(path.name)
