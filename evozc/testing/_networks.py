"""The contract of a search space, as far as its networks are concerned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from evozc.spaces import SearchSpace, TokenInputs
from evozc.testing._contract import ContractError, require, untouched

if TYPE_CHECKING:
    import torch
    from torch import nn

#: Images of any size are checked at this one.
_SIZE = 32


def check_networks(space: SearchSpace, texts: Sequence[str]) -> None:
    """Build and run the networks of architectures, and of those with the same key.

    Raises:
        ContractError: one is not what the space says.
    """
    for text in texts:
        _check_network(space, text)
    _check_keys(space, texts)


def inputs_for(space: SearchSpace, samples: int = 2, seed: int = 0) -> torch.Tensor:
    """A mini-batch that networks of a space take: standard normal images, or tokens drawn uniformly."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    inputs = space.inputs
    if isinstance(inputs, TokenInputs):
        return torch.randint(inputs.vocabulary, (samples, inputs.length), generator=generator)
    tiles = (inputs.tiles,) if inputs.tiles else ()
    shape = (samples, *tiles, inputs.channels, inputs.height or _SIZE, inputs.width or _SIZE)
    return torch.randn(shape, generator=generator)


def _check_network(space: SearchSpace, text: str) -> None:
    import torch
    from torch import nn

    where = f"{space.name}: {text!r}"
    networks = [_built(one, text) for one in (space, type(space)(**space.settings()))]
    network = networks[0]
    require(isinstance(network, nn.Module), f"{where}: build gives no torch.nn.Module")
    first, second = (n.state_dict() for n in networks)
    require(
        list(first) == list(second) and all(torch.equal(first[k], second[k]) for k in first),
        f"{where}: build gives other weights under the same seed of torch, in a space of the same settings",
    )
    shared = {id(p) for p in networks[0].parameters()} & {id(p) for p in networks[1].parameters()}
    require(not shared, f"{where}: two networks share weights")
    blocks = space.blocks(network)
    order = _run_order(network, blocks, inputs := inputs_for(space), where)
    require(order, f"{where}: blocks gives no module, or none that is run")
    require(order == sorted(order), f"{where}: blocks are not in forward order: {order}")
    outputs = network(inputs)
    expected = _output_shape(space, inputs)
    found = tuple(outputs.shape) if isinstance(outputs, torch.Tensor) else type(outputs).__name__
    require(
        found == expected and outputs.dtype == torch.float32,
        f"{where}: the network returns {found}, outputs says float32 {expected}",
    )


def _built(space: SearchSpace, text: str) -> nn.Module:
    import torch

    with untouched(f"{space.name}: build({text!r})"), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return space.build(text)


def _run_order(
    network: nn.Module, blocks: Sequence[nn.Module], inputs: torch.Tensor, where: str
) -> list[int]:
    """The positions among the blocks of those that are run, in the order in which they are."""
    require(len({id(block) for block in blocks}) == len(blocks), f"{where}: a block stands twice in blocks")
    known = set(network.modules())
    for block in blocks:
        require(block in known, f"{where}: blocks names {type(block).__name__}, no module of the network")
    order: list[int] = []
    handles = [
        block.register_forward_hook(lambda *_, position=position: order.append(position))
        for position, block in enumerate(blocks)
    ]
    try:
        network(inputs)
    except Exception as error:
        size = tuple(inputs.shape)
        raise ContractError(
            f"{where}: the network fails on inputs {size}: {type(error).__name__}: {error}"
        ) from error
    finally:
        for handle in handles:
            handle.remove()
    return list(dict.fromkeys(order))


def _output_shape(space: SearchSpace, inputs: torch.Tensor) -> tuple[int, ...]:
    size, n = space.outputs.size, len(inputs)
    match space.outputs.kind:
        case "classes" | "values":
            return (n, size)
        case "tokens":
            return (n, inputs.shape[1], size)
        case _:
            return (n, size, *inputs.shape[2:])


def _check_keys(space: SearchSpace, texts: Sequence[str]) -> None:
    """Architectures of one key have weights of the same shapes behind their outputs, and compute the same."""
    import torch

    for text in texts:
        key = space.canonical_key(text)
        twins = [other for other in space.neighbours(text) if space.canonical_key(other) == key]
        if not twins:
            continue
        inputs = inputs_for(space)
        expected, shapes = _function(space, text, inputs)
        for twin in twins[:2]:
            found, others = _function(space, twin, inputs)
            where = f"{space.name}: {text!r} and {twin!r} have one canonical key"
            require(shapes == others, f"{where}, but weights of other shapes behind their outputs")
            require(
                torch.allclose(expected, found, rtol=1e-4, atol=1e-6 * float(expected.abs().max() + 1e-30)),
                f"{where}, but compute something else when all weights are filled alike",
            )


def _function(space: SearchSpace, text: str, inputs: torch.Tensor) -> tuple[torch.Tensor, Counter[Any]]:
    """Outputs with weights filled by their shapes alone, and the shapes of those that they depend on."""
    import torch

    network = _built(space, text).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            values = torch.arange(parameter.numel(), dtype=torch.float64).mul_(12.9898).sin_()
            fan = max(1, parameter[0].numel() if parameter.ndim > 1 else 1)
            parameter.copy_((values / fan**0.5 + 0.1 / fan).view_as(parameter))
    outputs = network(inputs)
    parameters = list(network.parameters())
    gradients: Sequence[torch.Tensor | None] = [None] * len(parameters)
    if outputs.requires_grad:
        gradients = torch.autograd.grad(outputs.sum(), parameters, allow_unused=True)
    used = Counter(tuple(p.shape) for p, g in zip(parameters, gradients, strict=True) if g is not None)
    return outputs.detach(), used
