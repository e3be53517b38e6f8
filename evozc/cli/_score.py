"""The command that scores networks of the user's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import evozc
from evozc._screen import say, show_grid
from evozc.baselines import find_proxy, zoo
from evozc.cli._options import Device
from evozc.errors import ConfigError, DataError, FormulaError
from evozc.formula import Formula, parse

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import nn

    from evozc.scoring import Scores


def score(
    networks: Annotated[
        list[str],
        typer.Argument(help="package.module:function that makes a torch.nn.Module, timm:NAME or hf:NAME for "
                       "a network of those libraries; several are compared."),
    ],
    formula: Annotated[
        list[str] | None, typer.Option(help="Formula to score by; may be given several times.")
    ] = None,
    proxy: Annotated[
        list[str] | None, typer.Option(help="Known proxy to score by; may be given several times.")
    ] = None,
    run: Annotated[
        Path | None, typer.Option(help="Score by the formula that this run of evozc search chose.")
    ] = None,
    shape: Annotated[
        str | None, typer.Option("--input", help="Shape of one input, as 3,224,224, for noise.")
    ] = None,
    tokens: Annotated[
        int | None, typer.Option(help="Inputs are token numbers below this; --input is their count.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="npz of labelled inputs instead of noise: x and y.")
    ] = None,
    batch: Annotated[int, typer.Option(help="Inputs in the mini-batch.")] = 16,
    blocks: Annotated[
        str | None,
        typer.Option(help="Modules that are blocks, as layer1,layer2. [default: those of the longest list]"),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(help="Which of its outputs are the scores: a name or position, as logits or 1."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of weights, noise and the mini-batch.")] = 0,
    device: Device = "cpu",
    random: Annotated[  # noqa: ARG001 - it may be said, as it is of importance
        bool,
        typer.Option("--random", help="Weights of timm:NAME and hf:NAME are drawn, none are downloaded: this "
                     "is always so."),
    ] = True,
) -> None:
    """Score untrained networks; higher is better.

    Runs the code that makes the networks. Without --formula, --proxy and --run, by all known
    proxies. Without --data the inputs are noise, and what needs labels cannot be computed.
    """
    formulas, references = _formulas(formula or (), proxy or (), run)
    everything = not formulas
    if everything:
        formulas = {p.name: p.formula for p in zoo() if data is not None or not p.needs_labels}

    from evozc.extraction import choose_devices, on_device
    from evozc.scoring import load_network, score_networks

    kind, _ = choose_devices(device)

    if len(set(networks)) < len(networks):
        raise ConfigError("the same network is named twice")
    if batch < 2:
        raise ConfigError(f"--batch must be at least 2, not {batch}")
    inputs, labels = _inputs(shape, tokens, data, batch, seed)
    made = {name: load_network(name, seed) for name in networks}
    chosen = {name: _named(network, blocks) for name, network in made.items()}
    with on_device(kind) as place:
        for network in made.values():
            network.to(place)
        scores = score_networks(
            made, formulas, inputs, labels, blocks=chosen, seed=seed, references=references, output=output
        )
    if scores.lacking and not everything:
        raise FormulaError("; ".join(f"{name} {reason}" for name, reason in scores.lacking.items()))
    size = " x ".join(map(str, inputs.shape))
    if data is None:
        kind = "random tokens" if tokens is not None else "standard normal noise"
        unlabelled = ", ".join(p.name for p in zoo() if p.needs_labels)
        say(f"inputs: {kind}, {size}, seed {seed}; these need labels, so --data: {unlabelled}")
    else:
        say(f"inputs: {size} of {data}, seed {seed}")
    for ranked, values in references.items():
        say(f"logrank: {ranked.text} among the {len(values)} labelled architectures of {run}")
    _show(scores, list(made))


def _formulas(
    texts: Sequence[str], names: Sequence[str], run: Path | None
) -> tuple[dict[str, Formula], Mapping[Formula, np.ndarray]]:
    """What to score by, under the names to show, and what ``logrank`` ranks among."""
    formulas = {name: find_proxy(name).formula for name in names}
    known = {proxy.name for proxy in zoo()}
    for text in texts:
        if text in known:
            raise FormulaError(f"--formula {text}: that is a known proxy; write --proxy {text}")
        formulas[text] = parse(text)
    if run is None:
        return formulas, {}
    found = evozc.Proxy.load(run)
    return {**formulas, str(run): found.formula}, found.references


def _inputs(
    shape: str | None, tokens: int | None, data: Path | None, batch: int, seed: int
) -> tuple[torch.Tensor, torch.Tensor | None]:
    from evozc.extraction import load_inputs
    from evozc.scoring import noise

    if (shape is None) == (data is None):
        raise ConfigError("give either --input, as --input 3,224,224, or --data")
    if data is not None:
        return load_inputs(data).batch(batch, seed)
    parts = (shape or "").split(",")
    if not all(part.strip().isdecimal() and int(part) for part in parts):
        raise ConfigError(f"--input {shape!r} is no shape; write whole numbers, as 3,224,224")
    if tokens is not None and tokens < 1:
        raise ConfigError(f"--tokens must be at least 1, not {tokens}")
    return noise([int(part) for part in parts], batch, seed, tokens), None


def _named(network: nn.Module, names: str | None) -> list[nn.Module] | None:
    if names is None:
        return None
    known = dict(network.named_modules())
    wanted = [name.strip() for name in names.split(",")]
    for name in wanted:
        if name not in known:
            raise DataError(f"--blocks: {type(network).__name__} has no module {name!r}")
    return [known[name] for name in wanted]


def _show(scores: Scores, networks: Sequence[str]) -> None:
    rows = [(name, *(f"{value:.6g}" for value in found)) for name, found in scores.values.items()]
    show_grid(("higher is better", *networks), rows)
    for name, reason in scores.lacking.items():
        say(f"not computed: {name} {reason}")
    for network, notes in scores.notes.items():
        for note in notes:
            say(f"note: {network}: {note}")
    for network, nodes in scores.missing.items():
        for node, keys in nodes.items():
            say(f"left out: {node} of {network} has no {', '.join(keys)}")
