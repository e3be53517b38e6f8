"""What commands show: live on a terminal, plain lines elsewhere."""

from __future__ import annotations

import html
import io
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.measure import Measurement
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table as Grid
from rich.text import Text

if TYPE_CHECKING:
    from evozc.evolution import Progress as Standing
    from evozc.runs import Judged, SearchResults, TaskTau

#: Characters of a formula in a line of a table.
_WIDE = 120
#: Seconds between two plain lines.
_QUIET = 2.0

_console = Console(highlight=False, soft_wrap=True)


def say(text: str = "") -> None:
    """Print one line as it is, what would act on the terminal written out."""
    _console.print(Text(printable(text)), soft_wrap=True)


def printable(text: str) -> str:
    r"""A text from a file without control characters: ``\x1b`` for an escape, and so on."""
    return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)


def _is_live() -> bool:
    """Whether lines can be drawn over: in a terminal, and in a notebook that has widgets."""
    return _console.is_terminal or (_console.is_jupyter and find_spec("ipywidgets") is not None)


@contextmanager
def counting(what: str) -> Iterator[Callable[[int, int], None]]:
    """A function to call with (done, total): a bar on a terminal, now and then a line elsewhere."""
    if not _is_live():
        started = shown = time.monotonic()
        first: int | None = None

        def line(done: int, total: int) -> None:
            nonlocal shown, first
            now, estimate = time.monotonic(), ""
            if first is None:
                first = done  # what an earlier call has left
            elif first < done < total:
                minutes = (now - started) / (done - first) * (total - done) / 60
                estimate = f", about {minutes:.0f} min left" if minutes >= 1 else ""
            if done == total or now - shown >= 5 * _QUIET:
                shown = now
                say(f"{done} of {total} {what}{estimate}")

        yield line
        return
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_console) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def counted(
    progress: bool | Callable[[int, int], object], what: str
) -> Iterator[Callable[[int, int], object]]:
    """What to call with (done, total): :func:`counting` if that is asked for, what is given, or nothing."""
    if progress is True:
        with counting(what) as shown:
            yield shown
    else:
        yield progress or (lambda _done, _total: None)


@contextmanager
def watching() -> Iterator[Callable[[Standing], None]]:
    """A function to call with a search's :class:`~evozc.evolution.Progress` after every generation."""
    if not _is_live():
        shown = -_QUIET

        def line(standing: Standing) -> None:
            nonlocal shown
            if time.monotonic() - shown >= _QUIET or standing.generation == standing.generations:
                shown = time.monotonic()
                say(_headline(standing))

        yield line
        return
    with Live(console=_console, refresh_per_second=8) as live:
        yield lambda standing: live.update(
            Group(
                Text(_headline(standing), style="bold"),
                Text(f"best     {standing.formula or 'none yet'}"),
                Text("removed  " + _counts(standing.removed), style="dim"),
            )
        )


class _Said(logging.Handler):
    """Logs on the screen."""

    def emit(self, record: logging.LogRecord) -> None:
        say(record.getMessage())


@contextmanager
def announcing_compilation() -> Iterator[None]:
    """Say so when the engine compiles its kernels, which happens once on a machine."""
    handler = _Said()
    logger, level = logging.getLogger("evozc.engine"), logging.getLogger("evozc.engine").level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def _headline(standing: Standing) -> str:
    rate = standing.evaluations / standing.seconds if standing.seconds else 0.0
    tau = "none" if standing.tau is None else f"{standing.tau:.3f}"
    removed = sum(standing.removed.values())
    return (
        f"generation {standing.generation}/{standing.generations}  best labelled tau {tau}  "
        f"{standing.evaluations} formulas tried, {rate:.0f}/s  {removed} pruned"
    )


def _counts(removed: Mapping[str, int]) -> str:
    return "  ".join(f"{rule} {count}" for rule, count in removed.items())


def show_results(results: SearchResults) -> None:
    """The Pareto front, the chosen formula and the comparison."""
    for part in results_shown(results):
        if isinstance(part, str):
            say(part)
        else:
            _print(part)


def results_shown(results: SearchResults) -> list[str | Grid]:
    """Lines and tables of what a search found."""
    chosen = results.chosen
    where = f"{results.held_out} held-out architectures"
    front = _grid("", "size", "labelled", "held out", "95 % interval", "formula")
    for entry in results.front:
        mark = ">" if entry.size == chosen.size else ""
        front.add_row(mark, str(entry.size), *_numbers(entry), Text(_shortened(entry.formula)))
    terms = chosen.terms if len(chosen.formula) > _WIDE else [chosen.formula]
    what = f"{chosen.size} symbols" + (f", the sum of {len(terms)} terms" if len(terms) > 1 else "")
    took = results.scoring_seconds
    shown: list[str | Grid] = [
        "",
        f"Pareto front (tau on {results.labelled} labelled, then on {where})",
        front,
        "",
        f"Chosen by the labelled architectures alone ({what}):",
        *(f"  {term}" for term in terms),
        "",
        (f"Kendall tau with {results.target} on {where} ({results.held_out_classes} not "
         f"isomorphic) of {results.table or 'a table in memory'}; seed {results.seed}"
         + (f"; {results.over_tasks} over {len(results.tasks)} tasks" if results.tasks else "")),
        _comparison([("chosen formula", chosen), *((b.name, b) for b in results.baselines)]),
        *([results.claim.text] if results.claim else []),
        "its labelled tau with other statistics: " + ", ".join(
            f"{how} {'undefined' if tau is None else f'{tau:.3f}'}" for how, tau in chosen.disturbed.items()
        ),
    ]
    for place, task in enumerate(results.tasks):
        at = [entry.size for entry in results.front].index(chosen.size)
        taus = [("chosen formula", task.front[at])]
        taus += [(one.name, tau) for one, tau in zip(results.baselines, task.baselines, strict=True)]
        shown += [
            "",
            (f"Task {place + 1}: {task.target} of {task.table or 'a table in memory'}, "
             f"{task.labelled} labelled, {task.held_out} held out"),
            _comparison(taus),
        ]
    if results.noise_ceiling is not None:
        shown.append(
            f"noise ceiling  {results.noise_ceiling:.3f}  (tau between two halves of the training seeds)"
        )
    return [
        *shown,
        "",
        f"{results.evaluations} formulas scored in {results.seconds:.0f} s; candidates removed before:",
        f"  {_counts(results.removed)}",
        (f"  the rules took {took['rules']:.2f} s and saved about {took['rules_saved']:.2f} s of scoring and "
         f"recording, the probe took {took['probe']:.2f} s and saved {took['probe_saved']:.2f} s; "
         f"scoring the rest took {took['rest']:.2f} s"),
    ]


def as_text(parts: Iterable[str | Grid]) -> str:
    """Lines and tables as plain text."""
    console = Console(file=io.StringIO(), width=1 << 12, highlight=False)
    with console.capture() as captured:
        for part in parts:
            console.print(Text(printable(part)) if isinstance(part, str) else part)
    return "\n".join(line.rstrip() for line in captured.get().splitlines()).strip("\n")


def as_html(parts: Iterable[str | Grid]) -> str:
    """Lines and tables for a notebook."""
    return f'<pre style="white-space: pre; line-height: 1.25">{html.escape(as_text(parts))}</pre>'


def _shortened(formula: str) -> str:
    """A formula for a line of a table; ``formula.txt`` and ``front.csv`` hold it whole."""
    return formula if len(formula) <= _WIDE else f"{formula[: _WIDE - 3]}..."


def show_comparison(rows: Sequence[tuple[str, Judged]], labelled: bool = True) -> None:
    """One line a method: tau on the labelled (if asked for) and the held-out architectures."""
    _print(_comparison(rows, labelled))


def _comparison(rows: Sequence[tuple[str, Judged | TaskTau]], labelled: bool = True) -> Grid:
    grid = _grid("method", *["labelled"] * labelled, "held out", "95 % interval", "")
    for name, row in rows:
        count = getattr(row, "not_finite", 0)
        lost = f"{count} not finite" if count else ""
        grid.add_row(Text(name), *_numbers(row)[0 if labelled else 1 :], lost)
    return grid


def show_grid(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table of texts."""
    grid = _grid(*headers)
    for row in rows:
        grid.add_row(*(Text(printable(cell)) for cell in row))
    _print(grid)


def _numbers(entry: Judged | TaskTau) -> tuple[str, str, str]:
    def show(value: float | None) -> str:
        return "constant" if value is None else f"{value:.3f}"

    interval = "" if entry.low is None else f"{entry.low:.3f} to {entry.high:.3f}"
    return show(entry.labelled_tau), show(entry.held_out_tau), interval


def _print(grid: Grid) -> None:
    """Whole numbers however narrow the terminal is, and whole lines where there is none."""
    needed = Measurement.get(_console, _console.options.update(width=1 << 16), grid)
    if not _console.is_terminal:
        grid.width = needed.maximum
    elif needed.minimum > _console.width:
        grid.width = needed.minimum
    _console.print(grid, soft_wrap=True)


def _grid(*headers: str) -> Grid:
    grid = Grid(box=None, pad_edge=False, header_style="bold")
    for header in headers:
        numeric = header in ("size", "labelled", "held out")
        wide = header == "formula"
        grid.add_column(
            header, justify="right" if numeric else "left", no_wrap=not wide, overflow="fold"
        )
    return grid
