"""Dual numbers of non-negative tensors: a value, and its derivative along the weights.

Along the weights W themselves a linear layer takes (v, d) to (W v, W (d + v)). Every operation
that has a rule here takes non-negative numbers to non-negative ones and never falls, so all
derivatives by single weights are non-negative too and their absolute values sum to the tangent.
An operation without a rule raises `NoRuleError`.

Imported where it is used: the class is made of torch's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyhwnas._optional import require
from pyhwnas.proxies.modules.borrow import NoRuleError

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Dual"]

torch = require("torch", extra="torch")
Base: Any = torch.Tensor
aten = torch.ops.aten
SMALL, LARGE = 2.0**-200, 2.0**200
"""Beyond these, products are scaled: two of them still fit in float64."""


class Dual(Base):  # type: ignore[misc]
    """A tensor ``value * 2**exponent`` with a tangent on the same scale.

    Parameters
    ----------
    value, tangent : torch.Tensor of float64
        Non-negative; one and the same tensor for a weight.
    exponent : int
    """

    value: Tensor
    tangent: Tensor
    exponent: int

    @staticmethod
    def __new__(cls, value: Tensor, tangent: Tensor, exponent: int = 0) -> Dual:  # noqa: D102
        made: Dual = torch.Tensor._make_wrapper_subclass(
            cls,
            value.shape,
            strides=value.stride(),
            storage_offset=value.storage_offset(),
            dtype=value.dtype,
            device=value.device,
        )
        made.value, made.tangent, made.exponent = value, tangent, exponent
        return made

    __torch_function__ = torch._C._disabled_torch_function_impl

    @classmethod
    def __torch_dispatch__(
        cls, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        name = func.overloadpacket.__name__
        if name.endswith("_") and not name.endswith("__"):
            result = _apply(getattr(aten, name[:-1]), func._overloadname, args, kwargs or {})
            return _overwrite(args[0], result)
        return _apply(func.overloadpacket, func._overloadname, args, kwargs or {})


def _apply(packet: Any, overload: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    rule = RULES.get(packet)
    if rule is None:
        raise NoRuleError(str(packet).removeprefix("aten."))
    return rule(getattr(packet, overload), *args, **kwargs)


def _overwrite(target: Any, result: Dual) -> Dual:
    """Carry an operation in place out: views of the target see it too."""
    if not isinstance(target, Dual):
        raise NoRuleError("writing into a constant")
    factor = 2.0 ** (result.exponent - target.exponent)
    target.value.copy_(result.value * factor)
    target.tangent.copy_(result.tangent * factor)
    return target


def _lift(x: Any, like: Dual) -> Dual:
    """Make a constant a dual number without tangent."""
    if isinstance(x, Dual):
        return x
    constant = torch.as_tensor(x, dtype=like.dtype, device=like.device)
    if not bool((constant >= 0).all()):
        raise NoRuleError("a negative constant")
    return Dual(constant, torch.zeros_like(constant))


def _power(exponent: int) -> float:
    return 2.0**exponent if exponent < 1024 else math.inf


def _scaled(value: Tensor, tangent: Tensor, exponent: int) -> Dual:
    """Make a dual number of which the largest entry is neither huge nor tiny."""
    largest = max(float(value.max()), float(tangent.max()))
    if largest == 0 or SMALL < largest < LARGE or not math.isfinite(largest):
        return Dual(value, tangent, exponent)
    shift = math.frexp(largest)[1]
    return Dual(value * 2.0**-shift, tangent * 2.0**-shift, exponent + shift)


def _on_one_scale(duals: list[Dual]) -> tuple[list[Tensor], list[Tensor], int]:
    """Return values and tangents of several dual numbers with the largest of their exponents."""
    exponent = max(dual.exponent for dual in duals)
    factors = [_power(dual.exponent - exponent) for dual in duals]
    values = [d.value if f == 1 else d.value * f for d, f in zip(duals, factors, strict=True)]
    tangents = [d.tangent if f == 1 else d.tangent * f for d, f in zip(duals, factors, strict=True)]
    return values, tangents, exponent


def _product(function: Callable[[Tensor, Tensor], Tensor], a: Dual, b: Dual) -> Dual:
    """Apply a function that is linear in each of its two arguments."""
    value = function(a.value, b.value)
    if b.tangent is b.value:
        tangent = function(a.tangent + a.value, b.value)
    else:
        tangent = function(a.tangent, b.value) + function(a.value, b.tangent)
    return _scaled(value, tangent, a.exponent + b.exponent)


def _sum(a: Dual, b: Dual) -> Dual:
    values, tangents, exponent = _on_one_scale([a, b])
    return Dual(values[0] + values[1], tangents[0] + tangents[1], exponent)


def _linear(func: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
    """Apply a function that is linear with weights of its own, none of them negative."""
    if not isinstance(x, Dual) or any(isinstance(arg, Dual) for arg in args):
        raise NoRuleError(str(func))
    values = func(x.value, *args, **kwargs)
    same = x.tangent is x.value
    tangents = values if same else func(x.tangent, *args, **kwargs)
    if isinstance(values, torch.Tensor):
        return Dual(values, tangents, x.exponent)
    return [Dual(v, t, x.exponent) for v, t in zip(values, tangents, strict=True)]


def _joined(func: Any, parts: list[Any], *args: Any, **kwargs: Any) -> Dual:
    """Concatenate or stack."""
    like = next(part for part in parts if isinstance(part, Dual))
    values, tangents, exponent = _on_one_scale([_lift(part, like) for part in parts])
    return Dual(func(values, *args, **kwargs), func(tangents, *args, **kwargs), exponent)


def _convolution(func: Any, x: Any, weight: Any, bias: Any, *args: Any) -> Dual:
    like = x if isinstance(x, Dual) else weight
    out = _product(lambda a, b: func(a, b, None, *args), _lift(x, like), _lift(weight, like))
    if bias is None:
        return out
    column = bias.view(-1, *[1] * (out.ndim - 2))
    return _sum(out, _lift(column, out))


def _matmul(func: Any, a: Any, b: Any) -> Dual:
    like = a if isinstance(a, Dual) else b
    return _product(func, _lift(a, like), _lift(b, like))


def _addmm(func: Any, bias: Any, a: Any, b: Any, **scales: Any) -> Dual:
    if scales:
        raise NoRuleError(str(func))
    out = _matmul(aten.mm.default, a, b)
    return _sum(out, _lift(bias, out))


def _add(func: Any, a: Any, b: Any, *, alpha: float = 1) -> Dual:
    like = a if isinstance(a, Dual) else b
    if alpha != 1:
        raise NoRuleError(f"{func} with a factor")
    return _sum(_lift(a, like), _lift(b, like))


def _mul(func: Any, a: Any, b: Any) -> Dual:
    like = a if isinstance(a, Dual) else b
    return _product(torch.mul, _lift(a, like), _lift(b, like))


def _div(func: Any, a: Any, b: Any) -> Dual:
    if isinstance(b, Dual):
        raise NoRuleError("division by something that depends on weights")
    return _product(torch.div, a, _lift(b, a))


def _max_pool(func: Any, x: Dual, *args: Any) -> tuple[Dual, Tensor]:
    value, places = func(x.value, *args)
    flat = x.tangent.flatten(-2).gather(-1, places.flatten(-2))
    return Dual(value, flat.view_as(value), x.exponent), places


def _bounded(derivative: Any, *, of_result: bool = False) -> Callable[..., Dual]:
    """Make the rule of an activation that comes to rest above: it has to see real numbers."""

    def rule(func: Any, x: Dual, *args: Any) -> Dual:
        point = (x.value * _power(x.exponent)).clamp(max=LARGE).nan_to_num(nan=0.0)
        value = func(point, *args)
        tangent = derivative(x.tangent, value if of_result else point, *args)
        return Dual(value, torch.where(tangent > 0, tangent * _power(x.exponent), 0.0))

    return rule


def _unbounded(derivative: Any) -> Callable[..., Dual]:
    """Make the rule of an activation that is the identity for large numbers."""

    def rule(func: Any, x: Dual, *args: Any, **kwargs: Any) -> Dual:
        point = (x.value * _power(x.exponent)).clamp(max=LARGE).nan_to_num(nan=0.0)
        value = func(point, *args, **kwargs) * _power(-x.exponent)
        value = torch.where(point < LARGE, value, x.value)
        return Dual(value, derivative(x.tangent, point, *args, **kwargs), x.exponent)

    return rule


def _constant(func: Any, x: Dual, *args: Any, **kwargs: Any) -> Any:
    return func(x.value, *args, **kwargs)


LINEAR = """
    view _unsafe_view reshape permute transpose t slice select unsqueeze squeeze expand clone alias
    detach split split_with_sizes unbind chunk index index_select repeat roll flip mean sum
    avg_pool1d avg_pool2d avg_pool3d _adaptive_avg_pool2d _adaptive_avg_pool3d
    upsample_nearest2d upsample_bilinear2d pixel_shuffle pixel_unshuffle channel_shuffle
    reflection_pad2d replication_pad2d relu leaky_relu elu abs
""".split()
"""The last four are the identity on what is not negative."""
RULES: dict[Any, Callable[..., Any]] = {getattr(aten, name): _linear for name in LINEAR} | {
    aten.convolution: _convolution,
    aten.mm: _matmul,
    aten.bmm: _matmul,
    aten.addmm: _addmm,
    aten.add: _add,
    aten.mul: _mul,
    aten.div: _div,
    aten.cat: _joined,
    aten.stack: _joined,
    aten.max_pool2d_with_indices: _max_pool,
    aten.adaptive_max_pool2d: _max_pool,
    aten.sigmoid: _bounded(aten.sigmoid_backward, of_result=True),
    aten.tanh: _bounded(aten.tanh_backward, of_result=True),
    aten.hardsigmoid: _bounded(aten.hardsigmoid_backward),
    aten.hardtanh: _bounded(aten.hardtanh_backward),
    aten.hardswish: _unbounded(aten.hardswish_backward),
    aten.silu: _unbounded(aten.silu_backward),
    aten.gelu: _unbounded(aten.gelu_backward),
    aten.zeros_like: _constant,
    aten.new_zeros: _constant,
    aten.ones_like: _constant,
    aten.new_ones: _constant,
}
