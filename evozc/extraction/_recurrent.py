"""Recurrent kernels, written out step by step.

What torch runs as one fused function, whose weights and inner products nothing can watch and which
cannot always be differentiated twice, is here the same computation in single functions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch.nn.functional import dropout, linear

Step = Callable[[torch.Tensor, torch.Tensor, tuple[torch.Tensor, ...]], tuple[torch.Tensor, ...]]


def lstm_step(given: torch.Tensor, fed_back: torch.Tensor, state: tuple[torch.Tensor, ...]) -> tuple:
    """Of the input's and the hidden state's products, the hidden and the cell state."""
    enter, forget, new, leave = (given + fed_back).chunk(4, dim=-1)
    cell = forget.sigmoid() * state[1] + enter.sigmoid() * new.tanh()
    return leave.sigmoid() * cell.tanh(), cell


def gru_step(given: torch.Tensor, fed_back: torch.Tensor, state: tuple[torch.Tensor, ...]) -> tuple:
    """The same for gated recurrent units."""
    (a, b, c), (d, e, f) = given.chunk(3, dim=-1), fed_back.chunk(3, dim=-1)
    new = (c + (a + d).sigmoid() * f).tanh()
    return ((state[0] - new) * (b + e).sigmoid() + new,)


def tanh_step(given: torch.Tensor, fed_back: torch.Tensor, state: tuple[torch.Tensor, ...]) -> tuple:
    """The same for Elman's network."""
    return ((given + fed_back).tanh(),)


def relu_step(given: torch.Tensor, fed_back: torch.Tensor, state: tuple[torch.Tensor, ...]) -> tuple:
    """The same with rectified units."""
    return ((given + fed_back).relu(),)


#: By the names of torch's kernels; those of single cells end in ``_cell``.
STEPS: dict[str, Step] = {"lstm": lstm_step, "gru": gru_step, "rnn_tanh": tanh_step, "rnn_relu": relu_step}


def run_cell(
    name: str, inputs: torch.Tensor, state: torch.Tensor | Sequence[torch.Tensor], w_ih: torch.Tensor,
    w_hh: torch.Tensor, b_ih: torch.Tensor | None = None, b_hh: torch.Tensor | None = None,
) -> tuple:
    """One step; the new state."""
    before = tuple(state) if isinstance(state, tuple | list) else (state,)
    given, fed_back = linear(inputs, w_ih, b_ih), linear(before[0], w_hh, b_hh)
    return STEPS[name.removesuffix("_cell")](given, fed_back, before)


def run_layers(name: str, args: tuple, each: Callable[[torch.Tensor, torch.Tensor], None]) -> tuple:
    """All layers and directions of a kernel, called with its arguments.

    Args:
        name: Of the kernel.
        args: A padded batch (data, state, weights, biases?, layers, dropout, train, both directions?,
            batch first?), or a packed one (data, batch sizes, state, weights, biases?, ...).
        each: Called with the input and the hidden states (steps, n, features) of every layer and direction.

    Returns:
        What the kernel returns: the output, and every part of the last state.
    """
    packed = isinstance(args[1], torch.Tensor) and not args[1].is_floating_point()
    if packed:
        data, sizes, state, weights, biases, layers, rate, train, both = args
        sizes = sizes.tolist()
    else:
        data, state, weights, biases, layers, rate, train, both, batch_first = args
        data = data.transpose(0, 1) if batch_first else data
        sizes = [data.shape[1]] * len(data)
    states = tuple(state) if isinstance(state, tuple | list) else (state,)
    directions = 2 if both else 1
    group = len(weights) // (layers * directions)
    last: list[tuple[torch.Tensor, ...]] = []
    for layer in range(layers):
        outputs = []
        for direction in range(directions):
            number = layer * directions + direction
            part = list(weights[number * group : (number + 1) * group])
            first = tuple(s[number] for s in states)
            output, final = _run_layer(STEPS[name], data, sizes, first, part, biases, direction == 1, packed)
            each(data, output)
            outputs.append(output)
            last.append(final)
        data = torch.cat(outputs, dim=-1) if both else outputs[0]
        if rate and train and layer < layers - 1:
            data = dropout(data, rate)
    if not packed and batch_first:
        data = data.transpose(0, 1)
    return (data, *(torch.stack(parts) for parts in zip(*last, strict=True)))


def _run_layer(
    step: Step, data: torch.Tensor, sizes: Sequence[int], state: tuple[torch.Tensor, ...],
    weights: list[torch.Tensor], biases: bool, backwards: bool, packed: bool,
) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
    b_ih, b_hh = weights[2:4] if biases else (None, None)
    shorter = weights[4 if biases else 2 :]  # the projection of the hidden state, if it has one
    given = linear(data, weights[0], b_ih)
    steps = given.split(list(sizes)) if packed else given.unbind(0)
    order = range(len(steps) - 1, -1, -1) if backwards else range(len(steps))
    outputs: list[torch.Tensor] = [given] * len(steps)
    for t in order:
        running = tuple(s[: sizes[t]] for s in state) if packed else state
        new = step(steps[t], linear(running[0], weights[1], b_hh), running)
        if shorter:
            new = (linear(new[0], shorter[0]), *new[1:])
        outputs[t] = new[0]
        if packed:  # the longest sequences come first; those that are over keep their state
            new = tuple(torch.cat([a, s[sizes[t] :]]) for a, s in zip(new, state, strict=True))
        state = new
    return torch.cat(outputs) if packed else torch.stack(outputs), state
