"""How sure attention is, and what its heads matter."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import linear

from evozc.extraction._group import Group, Node, Pass


class Attention(Group):
    """Confidence of softmax and attention; importance of the heads of attention."""

    name = "attention"
    needs_loss = True

    def __init__(self) -> None:
        self._heads: dict[Node, torch.Tensor] = {}

    def activation(self, run: Pass, node: Node, inputs: tuple, output: torch.Tensor) -> None:
        """The probabilities."""
        module = node.module
        if isinstance(module, nn.Softmax):
            dim = -1 if module.dim is None else module.dim
            node.values["confidence"] = output.amax(dim=dim).double().mean().item()
        elif isinstance(module, nn.MultiheadAttention):
            probabilities = _probabilities(module, inputs)
            node.values["confidence"] = probabilities.amax(dim=-1).double().mean().item()
            self._heads[node] = _head_outputs(module, inputs, probabilities)

    def activation_gradient(
        self, run: Pass, node: Node, output: torch.Tensor, gradient: torch.Tensor
    ) -> None:
        """The gradient at the heads' outputs lies before the last projection."""
        heads = self._heads.pop(node, None)
        if heads is None:
            return
        module = node.module
        if not module.batch_first and gradient.ndim == 3:
            gradient = gradient.transpose(0, 1)
        before = (gradient @ module.out_proj.weight.detach()).unflatten(-1, (module.num_heads, -1))
        product = (heads * before.movedim(-2, 1)).sum(dim=(2, 3)).abs().double()
        node.values["head_importance"] = product.mean(dim=0).sum().item()


def _probabilities(module: nn.MultiheadAttention, inputs: tuple) -> torch.Tensor:
    """The attention (n, heads, queries, keys) without dropout, whatever masks are given."""
    arguments, named = inputs
    named = {**named, "need_weights": True, "average_attn_weights": False}
    mode, module.training = module.training, False
    try:
        return module.forward(*arguments, **named)[1]
    finally:
        module.training = mode


def _head_outputs(
    module: nn.MultiheadAttention, inputs: tuple, probabilities: torch.Tensor
) -> torch.Tensor:
    """The outputs (n, heads, queries, features) before the last projection."""
    arguments, named = inputs
    values = arguments[2] if len(arguments) > 2 else named["value"]
    if not module.batch_first and values.ndim == 3:
        values = values.transpose(0, 1)
    width = module.embed_dim
    packed = module.in_proj_weight
    weight = module.v_proj_weight if packed is None else packed[2 * width :]
    bias = None if module.in_proj_bias is None else module.in_proj_bias[2 * width :]
    values = linear(values, weight, bias).unflatten(-1, (module.num_heads, -1))
    return probabilities @ values.movedim(-2, 1)
