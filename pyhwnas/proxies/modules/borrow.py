"""A user's module, borrowed for a score and handed back as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyhwnas._optional import require
from pyhwnas.errors import EvaluationError

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

__all__ = ["Borrowed", "NoRuleError", "borrowed"]


class NoRuleError(Exception):
    """An operation of which it is not known that it keeps signs."""


@dataclass(frozen=True, eq=False)
class Borrowed:
    """A module that runs on tensors of its own, so that nothing it does reaches the user's.

    Attributes
    ----------
    module : torch.nn.Module
    tensors : dict of str to torch.Tensor
        Its parameters and buffers by name, copied; the weights of layers require a gradient.
    layers : dict of str to torch.nn.Module
        Convolutions and linear layers by the name of their weight; one that is shared stands once.
    """

    module: Module
    tensors: dict[str, Tensor]
    layers: dict[str, Module]

    @property
    def weights(self) -> list[Tensor]:
        """The weights of the layers, in the order of the module."""
        return [self.tensors[name] for name in self.layers]

    @property
    def like(self) -> Tensor:
        """A tensor with the dtype and on the device that inputs need."""
        return self.weights[0]

    def __call__(self, x: Tensor) -> Tensor:
        """Run the module.

        Raises
        ------
        EvaluationError
            If its forward fails or returns something else than one tensor (names the module and
            the shape of the input).
        """
        torch = require("torch", extra="torch")
        what = f"forward of {type(self.module).__name__} on input {tuple(x.shape)}"
        try:
            output: Any = torch.func.functional_call(self.module, self.tensors, (x,))
        except NoRuleError:
            raise
        except Exception as error:  # noqa: BLE001, RUF100 (whatever a user's forward raises)
            raise EvaluationError(f"{what} failed: {error}") from error
        if not isinstance(output, torch.Tensor):
            raise EvaluationError(
                f"{what}: expected one tensor, got {type(output).__name__}; wrap the module in one "
                "that returns the logits alone"
            )
        return output  # type: ignore[no-any-return]


@contextmanager
def borrowed(
    module: Module, *, training: bool, positive: bool = False, seed: int = 0
) -> Iterator[Borrowed]:
    """Borrow a module for as long as the context lasts.

    Parameters
    ----------
    module : torch.nn.Module
    training : bool
        Mode of all its parts meanwhile.
    positive : bool
        Copy absolute values in float64, and let batch normalisation pass its input on.
    seed : int
        Of torch's random numbers meanwhile, on the device of the module.

    Yields
    ------
    Borrowed

    Raises
    ------
    TypeError
        If it is no module.
    ValueError
        If it has no convolution and no linear layer, one without a weight of its own, or a
        parameter that is not finite.

    Notes
    -----
    Whatever happens inside, the module's tensors, gradients, modes and methods and torch's random
    state are afterwards what they were. What a module keeps outside parameters and buffers, such
    as a list that its forward extends, is its own affair.
    """
    torch = require("torch", extra="torch")
    if not isinstance(module, torch.nn.Module):
        raise TypeError(f"model: expected a torch.nn.Module, got {type(module).__name__}")
    layers = _layers(torch, module)
    with ExitStack() as stack:
        # A caller's no_grad or inference_mode would leave nothing to differentiate.
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        stack.enter_context(_seeded(torch, next(module.parameters()).device, seed))
        stack.enter_context(_mode(module, training))
        if positive:
            stack.enter_context(_without_batch_norm(torch, module))
        yield Borrowed(module, _copies(torch, module, layers, positive), layers)


def _layers(torch: Any, module: Module) -> dict[str, Module]:
    names = {id(parameter): name for name, parameter in module.named_parameters()}
    kinds = (torch.nn.modules.conv._ConvNd, torch.nn.Linear)
    found: dict[str, Module] = {}
    for path, part in module.named_modules():
        if not isinstance(part, kinds):
            continue
        if id(part.weight) not in names:
            raise ValueError(
                f"model: the weight of layer {path!r} is computed (a parametrization), expected a "
                "parameter; remove the parametrization first"
            )
        found.setdefault(names[id(part.weight)], part)
    if not found:
        raise ValueError(
            f"model: expected convolutions or linear layers, got none in {type(module).__name__}"
        )
    return found


def _copies(
    torch: Any, module: Module, layers: dict[str, Module], positive: bool
) -> dict[str, Tensor]:
    copies: dict[str, Tensor] = {}
    for name, parameter in module.named_parameters():
        if not bool(torch.isfinite(parameter).all()):
            raise ValueError(f"model: expected finite weights, got NaN or infinity in {name!r}")
        copies[name] = parameter.detach().clone()
    copies |= {name: buffer.detach().clone() for name, buffer in module.named_buffers()}
    if positive:
        for name, tensor in copies.items():
            if tensor.is_floating_point():
                copies[name] = tensor.to(torch.float64).abs_()
    for name in layers:
        copies[name].requires_grad_()
    return copies


@contextmanager
def _mode(module: Module, training: bool) -> Iterator[None]:
    modes = [(part, part.training) for part in module.modules()]
    try:
        for part, _ in modes:
            part.training = training
        yield
    finally:
        for part, mode in modes:
            part.training = mode


@contextmanager
def _seeded(torch: Any, device: Any, seed: int) -> Iterator[None]:
    """Seed the generators that a module on the device draws from, and put their states back."""
    on_gpu = device.type == "cuda"
    with torch.random.fork_rng(devices=[device] if on_gpu else []):
        torch.default_generator.manual_seed(seed)
        if on_gpu:
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        yield


@contextmanager
def _without_batch_norm(torch: Any, module: Module) -> Iterator[None]:
    parts = [p for p in module.modules() if isinstance(p, torch.nn.modules.batchnorm._BatchNorm)]
    own = [part.__dict__.get("forward") for part in parts]
    try:
        for part in parts:
            part.__dict__["forward"] = _pass_on
        yield
    finally:
        for part, forward in zip(parts, own, strict=True):
            del part.__dict__["forward"]
            if forward is not None:
                part.__dict__["forward"] = forward


def _pass_on(x: Tensor) -> Tensor:
    return x
