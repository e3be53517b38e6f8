"""The command that trains the learned predictor ParZC."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from evozc._files import refuse_existing
from evozc._screen import counting, say
from evozc.benchmarks import open_task
from evozc.cli._options import allow
from evozc.cli._signals import resumable
from evozc.errors import ConfigError, DataError
from evozc.table import Table


def parzc(
    context: typer.Context,
    table: Annotated[
        str, typer.Argument(help="A statistics table, or the name of the bundled benchmark.")
    ] = "digits",
    settings: Annotated[
        str,
        typer.Option(help="parzc (the published code), parzc-token-mixing, parzc-pairwise, parzc-scale "
                     "(each one difference from it), parzc-strong, parzc-graph."),
    ] = "parzc",
    labels: Annotated[
        int | None,
        typer.Option(help="Labelled architectures to train on. [default: the table's split, or 156]"),
    ] = None,
    target: Annotated[str | None, typer.Option(help="What to rank by. [default: the only target]")] = None,
    seed: Annotated[int, typer.Option(help="Of the labelled sample and of the training.")] = 0,
    statistic: Annotated[
        list[str] | None,
        typer.Option(help="Statistic to read, as layer.grad_l2 or layer.synflow/layer.numel; may be given "
                     "several times. [default: those of the settings]"),
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Epochs. [default: those of the settings]")] = None,
    loss: Annotated[
        str | None,
        typer.Option(help="diffkendall, pairwise, mse, or a sum as pairwise+diffkendall. "
                     "[default: that of the settings]"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="File for the trained predictor (safetensors); must not exist.")
    ] = None,
    predictor: Annotated[
        Path | None,
        typer.Option(help="Score TABLE with this saved predictor instead of training one. The architectures "
                     "held out under --labels and --seed are scored, without those that it was trained on."),
    ] = None,
) -> None:
    """Train the learned predictor ParZC on labelled architectures and measure it on all others.

    The same seed gives the same predictor, and the same split as evozc search with as many labels.
    """
    from evozc.baselines.parzc import ParZC, load_predictor, save_predictor

    if out is not None:
        refuse_existing(out)
    task = open_task(table, target, labels, seed)
    test = task.held_out
    changes = {"statistics": tuple(statistic) if statistic else None, "epochs": epochs, "loss": loss}
    if predictor is not None:
        allow(context, ("TABLE", "--predictor", "--labels", "--target", "--seed"),
              "--predictor scores a trained predictor")
        trained = load_predictor(predictor)
        test = _unseen(trained, task.held_out, task.target)
    else:
        start = time.perf_counter()
        stop = resumable("the same command, which begins anew", lambda: "nothing is written before the end")
        with stop, counting("epochs") as progress:
            trained = ParZC.fit(
                task.labelled, task.labelled_target, _settings(settings, changes), seed=seed,
                pool=task.table, observe=progress,
            )
        say(f"trained on {len(task.labelled)} architectures in {time.perf_counter() - start:.1f} s; "
            f"{trained.parameters:,} parameters")
    if out is not None:
        save_predictor(trained, out)
        say(f"wrote {out}")
    _evaluate(trained, test, task.target, table)


def _settings(name: str, changes: dict[str, Any]) -> Any:
    """The named settings, with what was asked for changed."""
    from evozc.baselines.parzc import NAMED, ParZCSettings

    if name not in NAMED:
        raise ConfigError(f"--settings: no {name!r}; known are {', '.join(NAMED)}")
    changed = {key: value for key, value in changes.items() if value is not None}
    return ParZCSettings.from_mapping({**NAMED[name].to_mapping(), **changed})


def _unseen(trained: Any, test: Table, target: str) -> Table:
    """What a saved predictor can be judged on: what is held out, without what it was trained on."""
    if trained.lesson.target != target:
        say(f"trained to rank by {trained.lesson.target}, measured by {target}")
    kept = trained.unseen(test)
    if len(kept) < len(test):
        say(f"left out {len(test) - len(kept)} architectures that it was trained on, or isomorphic ones")
    if len(kept) < 4:
        raise DataError(
            f"only {len(kept)} held-out architectures are left that the predictor was not trained on; "
            "name the --labels and --seed that it was trained with, or another table"
        )
    return kept


def _evaluate(trained: Any, test: Table, target: str, table: str) -> None:
    from evozc.evaluation import estimate, metrics

    merit = test.target(target).merit
    if len(test) < 4 or merit.min() == merit.max():
        raise DataError(f"{table}: the held-out architectures cannot be ranked by {target}")
    start = time.perf_counter()
    scores, _ = trained.predict(test)
    seconds = (time.perf_counter() - start) / len(test)
    found, tau = metrics(scores, merit), estimate(scores, merit, test.keys)
    say(f"on {len(test)} held-out architectures ({len(set(test.keys))} not isomorphic) of {table}, {target}:")
    interval = "" if tau.low != tau.low else f"  95 % interval {tau.low:.3f} to {tau.high:.3f}"
    for name, value in found.items():
        shown = "undefined (constant scores)" if value is None else f"{value:.3f}"
        say(f"  {name:18} {shown}{interval if name == 'kendall' else ''}")
    ceiling = test.target(target).noise_ceiling
    if ceiling is not None:
        say(f"  {'noise ceiling':18} {ceiling:.3f}")
    say(f"  scoring one architecture takes {1e3 * seconds:.2f} ms once its statistics are known")
