"""Scores of torch modules as their definitions read: loops over layers, plain autograd.

A model is used as it is and may be changed: give a copy.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional


def layers(model: nn.Module) -> list[nn.Module]:
    """Convolutions and linear layers, the first of those that share a weight."""
    kinds = (nn.Conv1d, nn.Conv2d, nn.Linear)
    by_weight = {}
    for module in model.modules():
        if isinstance(module, kinds):
            by_weight.setdefault(id(module.weight), module)
    return list(by_weight.values())


def _loss(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    model.zero_grad()
    model.train()
    return functional.cross_entropy(model(images), labels)


def _gradients(model: nn.Module) -> list[torch.Tensor]:
    return [
        torch.zeros_like(layer.weight) if layer.weight.grad is None else layer.weight.grad
        for layer in layers(model)
    ]


def snip(model, images, labels):
    _loss(model, images, labels).backward()
    pairs = zip(layers(model), _gradients(model), strict=True)
    return sum((layer.weight * g).abs().sum().item() for layer, g in pairs)


def grad_norm(model, images, labels):
    _loss(model, images, labels).backward()
    return sum(g.norm().item() for g in _gradients(model))


def plain(model, images, labels):
    _loss(model, images, labels).backward()
    pairs = zip(layers(model), _gradients(model), strict=True)
    return sum((layer.weight * g).sum().item() for layer, g in pairs)


def fisher(model, images, labels):
    """Activations and their gradients are kept whole, and weights are counted one by one."""
    kept = []

    def keep(layer, _, output):
        output.retain_grad()
        kept.append((layer, output))
        return output.clone()  # what follows may write into it

    handles = [layer.register_forward_hook(keep) for layer in layers(model)]
    _loss(model, images, labels).backward()
    for handle in handles:
        handle.remove()
    total = 0.0
    for layer, output in kept:
        if output.grad is None:
            continue
        product = (output * output.grad).detach()
        while product.ndim > 2:
            product = product.sum(-1)
        channels = (0.5 * product**2).mean(0)
        shape = [len(channels)] + [1] * (layer.weight.ndim - 1)
        total += channels.abs().view(shape).expand(layer.weight.shape).sum().item()
    return total


def grasp(model, images, labels):
    """Two forward passes, the second differentiated twice."""
    weights = [layer.weight for layer in layers(model)]
    loss = _loss(model, images, labels)
    first = torch.autograd.grad(loss, weights, allow_unused=True)
    loss = _loss(model, images, labels)
    second = torch.autograd.grad(loss, weights, create_graph=True, allow_unused=True)
    pairs = zip(first, second, strict=True)
    z = sum((a.detach() * b).sum() for a, b in pairs if a is not None)
    z.backward()
    return sum(-(layer.weight * g).sum().item() for layer, g in zip(
        layers(model), _gradients(model), strict=True))  # fmt: skip


def jacob_cov(model, images):
    model.train()
    x = images.clone().requires_grad_()
    output = model(x)
    output.backward(torch.ones_like(output))
    values = np.linalg.eigvals(np.corrcoef(x.grad.flatten(1).numpy())).real
    return -float(np.sum(np.log(values + 1e-5) + 1 / (values + 1e-5)))


def zico(model, images, labels, batches):
    found = []
    parts = zip(images.chunk(batches), labels.chunk(batches), strict=True)
    for part, classes in parts:
        _loss(model, part, classes).backward()
        found.append([g.numpy().copy() for g in _gradients(model)])
    total = 0.0
    for layer in zip(*found, strict=True):
        g = np.stack(layer)
        deviation = g.std(axis=0)
        moving = deviation != 0
        ratio = np.abs(g).mean(axis=0)[moving] / deviation[moving]
        if ratio.sum() != 0:
            total += math.log(ratio.sum())
    return total


def positive_gradients(model, input_shape):
    """Weights and gradients of the model of absolute values without batch normalisation."""
    model.double().eval()
    with torch.no_grad():
        for tensor in model.state_dict().values():
            tensor.abs_()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.forward = lambda x: x
    model.zero_grad()
    output = model(torch.ones((1, *input_shape), dtype=torch.float64)).sum()
    if output.requires_grad:
        output.backward()
    return [layer.weight.detach() for layer in layers(model)], _gradients(model)


def synflow(model, input_shape):
    pairs = zip(*positive_gradients(model, input_shape), strict=True)
    total = sum((w * g).abs().sum().item() for w, g in pairs)
    return math.log(total) if total else -math.inf


def log_synflow(model, input_shape, shift):
    pairs = zip(*positive_gradients(model, input_shape), strict=True)
    return sum((w * (g + shift).log()).abs().sum().item() for w, g in pairs)


def zen(model, features, x, z):
    """One draw: `model` has its weights, `features` maps inputs to the map before pooling."""
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    model.train()
    for norm in norms:
        norm.momentum = 1.0
    with torch.no_grad():
        moved = features(x + 0.01 * z)
        distance = (features(x) - moved).abs().sum((1, 2, 3)).mean().item()
    return math.log(distance) + sum(
        math.log(math.sqrt(norm.running_var.mean().item())) for norm in norms
    )


def icd(model, images, *, containers):
    """Sign codes of the first input of every module, or of every module that is no container."""
    squared = torch.zeros(len(images), dtype=torch.float64)

    def see(_, inputs, output):
        code = (inputs[0].flatten(1) > 0).double()
        squared.add_(((code - code.mean(0)) ** 2).sum(1))

    parts = [m for m in model.modules() if containers or not list(m.children())]
    parts = [m for m in parts if containers or not isinstance(m, nn.Flatten | nn.Identity)]
    handles = [part.register_forward_hook(see) for part in parts]
    with torch.no_grad():
        model.train()(images)
    for handle in handles:
        handle.remove()
    return squared.sqrt().mean().item()


def naswot(model, images):
    agreement = torch.zeros(len(images), len(images), dtype=torch.float64)

    def see(_, inputs, output):
        code = (inputs[0].flatten(1) > 0).double()
        agreement.add_(code @ code.T + (1 - code) @ (1 - code).T)

    kinds = (nn.ReLU, nn.ReLU6, nn.Hardswish, nn.SiLU, nn.GELU)
    handles = [
        part.register_forward_hook(see) for part in model.modules() if isinstance(part, kinds)
    ]
    with torch.no_grad():
        model.train()(images)
    for handle in handles:
        handle.remove()
    return float(np.linalg.slogdet(agreement.numpy())[1])
