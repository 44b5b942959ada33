"""Counts of a torch module that was written down beside a space, from the space's definition."""

from __future__ import annotations

from typing import Any


def counts(model: Any, *input_shape: int) -> tuple[int, int]:
    """Return multiply-accumulates and parameters of a module; its weights become zero."""
    import torch
    from torch import nn

    macs = 0

    def count(layer: Any, _: Any, out: Any) -> None:
        nonlocal macs
        # Each output value takes one filter.
        macs += out[0].numel() * layer.weight[0].numel()

    for layer in model.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.register_forward_hook(count)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # several that wait for each other are slow where cores are shared
    with torch.no_grad():
        model.to_empty(device="cpu").eval()
        for tensor in model.state_dict().values():
            tensor.zero_()
        model(torch.zeros(1, *input_shape))
    torch.set_num_threads(threads)
    return macs, sum(p.numel() for p in model.parameters())
