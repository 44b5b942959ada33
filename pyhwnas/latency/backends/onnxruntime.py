"""Latency on ONNX Runtime's CPU execution provider."""

from __future__ import annotations

import base64
import functools
import json
import tempfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from pyhwnas._optional import require
from pyhwnas.latency.backends import Clock, Encoded, Feeds, Runner

if TYPE_CHECKING:
    from pyhwnas.networks import Network, Unit

__all__ = ["PROBE", "PROBES", "OnnxRuntimeBackend", "Precision"]

Precision = Literal["fp32", "fp16", "int8"]
ERRORS_ONLY = 3

PROVIDER = "CPUExecutionProvider"
OPTIMISATION = "ORT_ENABLE_ALL"
MODE = "ORT_SEQUENTIAL"
CONFIG = {
    # Random weights can reach denormal numbers, on which some CPUs are a hundred times slower.
    "session.set_denormal_as_zero": "1",
    # Many sessions are alive at once; the idle ones must not spin on the core being timed.
    "session.intra_op.allow_spinning": "0",
    "session.inter_op.allow_spinning": "0",
}

PROBE = "8x8x8: conv8k1b relu"
"""The unit in the probes, whose weights are zeros."""

# What a runtime makes of a model in low precision is asked of a small one, deflated here: a device
# that is reached over a network has no package to write ONNX with.
PROBES: dict[Precision, str] = {
    "fp16": (
        "c-qBM%}&BV5N1hBmw^~qCBf=}5V-U}T2F+F1aBNYdTF+>X)DdP>25)9zJX6*;@y{YYpDjTT;0jeWOlxpoj;6;k"
        "vs=GPKBx46K7)2UK{X%fcPm*0ypGICfyYk(zW4i74xm*+LIj%{Xjyy)V+`j(%8}{V~*J>q<g1~LoMePf#y1ls0"
        "?E+=4g)Ikzut#_tQ8_`bw)?J!o%O%30)!fF`U2bwNw$TFh$&<xd?jgiOOVD<gpo`>)A)k#wBNpRCQ+UcF~gHq>"
        "$sx1fI&Mk=Z_yT@;~szM2?33VCwL8S`|sQQXD3e_aPjE6Dul8M2Y+{Nj}dP6ur2%`=xj(WU&LA8HA)(B&j*uk)"
        "uonzF)sO;$#Tw+9eU=ZD-auq-w<MMiA*!Sop>~Z`((i{eV!JMi!J?(N+J-Jgp3k_<WZh8$`#zRRirca7ygS;Qp"
        "jpGecwNj~C%VJ`J=zh3m{1b%Ixn}"
    ),
    "int8": (
        "c-o~^-EPw`6pp)g4QJg*v$pHHjg<<J2vW3iHBA##VK<wQ5E571L}}`^W~~z(r!Bjhgm{nL@C17vu6PlgCK3Hf6"
        "C@ltiO+X@{Q0weEX(S)L+Moi>RXhPTihs|=xzPv>|q;zBB<F89k<OBy-O_5jD31=m~1ya+Ztkcx(2<)%rRYuP_"
        "CBdT^dIV9WHR(<vpR;Vl8FaqHRImni8)r-J={lAgIRyCYbaGe2!^l2?-hQFInf9y;y>l$2LFs-1T|mIKwZCHGu"
        "-5A`ooNJ`ph`Y|QaF2rVBINmP=+*3M!ZejrGTlEvUCw5$`NmJF}XAATc9j|KlIJ}hh>^}v}~muGhw4As~gTSFh"
        "W&3B?lD<8Zy6(04-(Bj0QUI%s1Jt}G?DD;`*yLHjZX;moQU`FxK^ahrTW2Z9YU90DHr0@w$3KTugNDs%6;JZ*e"
        "g%Fe?FqFF-wdV9bOzs`YT}?z+)|^3Vm~0lCp{cPKLD}o87AfWvhuvs(C8y=?kg>9tw5ozy`PZL*og4F;PJ1cK%"
        "7!LOQ8Ct^PwiZ|qE=Iq?%t+VBk|yC*K$yhjFb&yZPK{vNdH-83Lwc?)m5tn3d|TTEP?h$%xlwFlW?z^nIm2Vx)"
        "`a6`KlQxpH{WY8H?-$o=xcUvnau-2e2<AwF*VG(6zWdfSfGHwfh{Rjh5>6MYx6MIMvO_gQS#=9RQ2yvukZMR0>"
        "7~l(@~AMJS<tA=NHCj;$`kV}d8bScYxe8R;WpGsknTc_1m&m;C0VJb}hS2OUpc%*Y5+ZVd&#2fK?nwFeVh0D_d"
        "m`nvm#JIo&F7ROXU>=<A+5~0_aspa6G`9l2>4sU4o3Tl7v>wu8yGRMZAm*gyxQ@FQ1wa_PHOxYpieM-1mIh~5<"
        "tQjoy=}o)aWO(TR0sZB6?E"
    ),
}
EXECUTED = {"float": "fp32", "float16": "fp16", "uint8": "int8", "int8": "int8"}


@dataclass(frozen=True, slots=True)
class OnnxRuntimeBackend:
    """ONNX Runtime on the CPU, all graph optimisations on.

    Parameters
    ----------
    threads : int
        Threads within an operator; operators run one after the other.
    model_precision : {"fp32", "fp16", "int8"}
        What models are converted to by ONNX Runtime's own tools before they are loaded; see
        `pyhwnas.latency.backends.convert`. What is executed may differ: see `precision`.
    """

    threads: int = 1
    model_precision: Precision = "fp32"

    def __post_init__(self) -> None:
        if self.threads < 1:
            raise ValueError(f"threads: expected at least 1, got {self.threads}")
        if self.model_precision not in get_args(Precision):
            raise ValueError(
                f"model_precision: expected {', '.join(get_args(Precision))}, "
                f"got {self.model_precision!r}"
            )

    @property
    def name(self) -> str:
        """Always ``"onnxruntime"``."""
        return "onnxruntime"

    @property
    def precision(self) -> str:
        """What a convolution of such a model is executed in on this machine.

        Where that is not the model's own precision both are named, as in ``"fp32 (fp16 model)"``:
        this provider has float16 kernels for few CPUs and converts around the others. In an int8
        model, operations without an integer kernel run in fp32 between the others.
        """
        wanted = self.model_precision
        executed = "fp32" if wanted == "fp32" else _executed(wanted)
        return executed if executed == wanted else f"{executed} ({wanted} model)"

    @property
    def encodes_here(self) -> bool:
        """Whether `encode` only writes: the tools that lower the precision run the model."""
        return self.model_precision == "fp32"

    @property
    def clock(self) -> Clock:
        """CPU time of the calling thread if it does all the work, else the wall clock."""
        return "cpu" if self.threads == 1 else "wall"

    @property
    def execution(self) -> Mapping[str, str]:
        """Options of a session, and the layouts that such a session works in."""
        return {
            "provider": PROVIDER,
            "graph_optimization_level": OPTIMISATION,
            "execution_mode": MODE,
            "layout": "NCHW at a graph's borders, the provider's own within",
            **CONFIG,
        }

    def version(self) -> str:
        """Version of the installed onnxruntime."""
        return str(require("onnxruntime", extra="search").__version__)

    def encode(self, graph: Unit | Network | bytes, batch: int) -> Encoded:
        """Write a model as ONNX, in the precision asked for."""
        from pyhwnas.latency.backends import convert
        from pyhwnas.latency.backends.onnx_model import encode_onnx

        encoded = encode_onnx(graph, batch)
        if self.model_precision == "fp16":
            return encoded._replace(model=convert.to_fp16(encoded.model))
        if self.model_precision == "int8":
            return encoded._replace(model=convert.to_int8(encoded.model, encoded.inputs))
        return encoded

    def load(self, model: bytes, feeds: Feeds) -> Runner:
        """Create a session and bind its inputs and outputs to memory of their own."""
        ort = require("onnxruntime", extra="search")
        session = ort.InferenceSession(model, self._options(ort), providers=[PROVIDER])
        binding = session.io_binding()
        for name, array in feeds.items():
            binding.bind_ortvalue_input(name, ort.OrtValue.ortvalue_from_numpy(array))
        # Output shapes may depend on the batch: one plain run tells them.
        names = [output.name for output in session.get_outputs()]
        for name, result in zip(names, session.run(names, dict(feeds)), strict=True):
            binding.bind_ortvalue_output(name, ort.OrtValue.ortvalue_from_numpy(result))
        return functools.partial(session.run_with_iobinding, binding)

    def _options(self, ort: Any) -> Any:
        options = ort.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.inter_op_num_threads = 1
        options.execution_mode = getattr(ort.ExecutionMode, MODE)
        options.graph_optimization_level = getattr(ort.GraphOptimizationLevel, OPTIMISATION)
        options.log_severity_level = ERRORS_ONLY
        for entry in CONFIG.items():
            options.add_session_config_entry(*entry)
        return options


@functools.cache
def _executed(model: Precision) -> str:
    """Run a probe under the profiler and see what its convolution reads."""
    ort = require("onnxruntime", extra="search")
    data = zlib.decompress(base64.b85decode(PROBES[model]))
    with tempfile.TemporaryDirectory(prefix="pyhwnas-") as folder:
        options = OnnxRuntimeBackend()._options(ort)
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(folder) / "probe")
        session = ort.InferenceSession(data, options, providers=[PROVIDER])
        session.run(None, {"input": np.zeros((1, 8, 8, 8), np.float32)})
        events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    (kind,) = {
        next(iter(event["args"]["input_type_shape"][0]))
        for event in events
        if "Conv" in event.get("args", {}).get("op_name", "")
    }
    return EXECUTED[kind]
