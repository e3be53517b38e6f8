"""A flipped bit in any file that evozc reads back: refused, made again, or harmless; never another figure.

``python -m pytest -m slow tests/faults/test_faults_flips.py`` flips 300 in each kind of file.
"""

import random
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from small_tables import small_table

import evozc
from evozc._records import to_json
from evozc.auditing import AuditSettings, read_audit, write_audit
from evozc.baselines import resolve
from evozc.baselines.parzc import NAMED, ParZC, load_predictor, save_predictor
from evozc.benchmarks import open_tasks
from evozc.comparison import ComparisonSettings
from evozc.engine import Evaluator
from evozc.errors import EvozcError
from evozc.evolution import SearchSettings
from evozc.extraction import ExtractionSettings, RandomInputs
from evozc.nas import NasSettings, find_networks, read_nas_results
from evozc.runs import RunFolder, continue_run, read_results, start_run
from evozc.spaces import get_space
from evozc.table import load_table, save_table
from evozc.transfer import TransferFolder, TransferSettings, continue_transfer, start_transfer

SPACE = get_space("nasbench201", cells=1, channels=4)
EXTRACTION = ExtractionSettings(batch=2, groups=("weights", "shapes"))
FORMULA = resolve("sum(layer.weight_l2)")
TIMES = ("seconds", "scoring_seconds", "fit_seconds", "score_seconds")


@dataclass(frozen=True)
class Kind:
    """A kind of file or folder.

    Args:
        make: Writes it at a path.
        read: What evozc says of it, going on where something is missing.
        without: Files to be removed first, so that others are read.
    """

    make: Callable[[Path], Any]
    read: Callable[[Path], Any]
    without: tuple[str, ...] = ()


def timeless(value: Any) -> Any:
    """Results without the times in them."""
    if isinstance(value, dict):
        return {k: timeless(v) for k, v in value.items() if k not in TIMES}
    return [timeless(one) for one in value] if isinstance(value, list) else value


def shown(results: Any) -> Any:
    return timeless(to_json(results))


class StoppedError(Exception):
    """In the middle."""


def a_table(path: Path) -> Path:
    table = path.parent / "small.npz"
    if not table.exists():
        save_table(small_table(60), table)
    return table


def make_run(path: Path, stop: int | None = None) -> None:
    settings = SearchSettings(population=20, generations=3, islands=2, terms=2)

    def observe(progress):
        if progress.generation == stop:
            raise StoppedError

    tasks = open_tasks([str(a_table(path))], labels=30)
    with start_run(path, tasks, settings) as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("evozc.runs._keeper._REST", 0)
        try:
            continue_run(folder, observe)
        except StoppedError:
            assert stop


def go_on_with_run(path: Path) -> Any:
    with RunFolder.open(path) as folder:
        return shown(continue_run(folder))


def make_comparison(path: Path) -> None:
    settings = ComparisonSettings(
        methods=("formula", "proxies"), budgets=(20,), seeds=1, population=20, generations=1, draws=20
    )
    evozc.compare(a_table(path), run=path, settings=settings, progress=False)


def make_predictor(path: Path) -> None:
    table = load_table(a_table(path))
    settings = replace(NAMED["parzc-strong"], epochs=1, members=1)
    save_predictor(ParZC.fit(table, table.target(), settings), path)


def make_audit(path: Path) -> None:
    quick = AuditSettings(draws=20, permutations=19, repeats=2, labels=20)
    write_audit(evozc.audit(a_table(path), ["params"], settings=quick), path)


def make_transfer(path: Path) -> None:
    save_table(small_table(60, seed=3), path.parent / "other.npz")
    tasks = open_tasks([str(a_table(path)), str(path.parent / "other.npz")], labels=20)
    settings = TransferSettings(seeds=1, population=20, generations=1, terms=1)
    with start_transfer(path, tasks, settings) as folder:
        continue_transfer(folder)


def go_on_with_transfer(path: Path) -> Any:
    with TransferFolder.open(path) as folder:
        return shown(continue_transfer(folder))


def make_nas(path: Path) -> Any:
    settings = NasSettings(budget=8, population=4, tournament=2, batch=4)
    return shown(find_networks(
        SPACE, FORMULA, RandomInputs(SPACE, 8), path, settings, EXTRACTION,
        score=lambda table: Evaluator(table).scores([FORMULA])[0],
    ))


def networks(count: int = 12) -> list[str]:
    generator = random.Random(0)
    return list(dict.fromkeys(SPACE.sample(generator) for _ in range(count)))


def extract(path: Path, shard: str | None = None) -> str:
    """Into a folder that holds the table and what belongs to it."""
    path.mkdir(exist_ok=True)
    return evozc.extract(
        networks(), RandomInputs(SPACE, 8), path / "out.npz", space=SPACE, settings=EXTRACTION,
        progress=False, shard=shard,
    ).content_hash


def make_parts(path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("evozc._api._extract.remove_parts", lambda _: None)
        extract(path)
    (path / "out.npz").unlink()


def make_shards(path: Path) -> None:
    for number in (1, 2):
        extract(path, f"{number}/2")


def merged(path: Path) -> str:
    (path / "out.npz").unlink(missing_ok=True)
    return evozc.merge(path / "out.npz").content_hash


def scores_of_predictor(path: Path) -> Any:
    return load_predictor(path).predict(small_table(60))[0].tolist()


KINDS = {
    "table": Kind(lambda path: save_table(small_table(60), path), lambda path: load_table(path).content_hash),
    "stopped run": Kind(lambda path: make_run(path, 2), go_on_with_run),
    "finished run": Kind(make_run, lambda path: (shown(read_results(path)), evozc.Proxy.load(path).text)),
    "comparison": Kind(make_comparison, lambda path: shown(evozc.compare(path, progress=False))),
    "cells of a comparison": Kind(
        make_comparison, lambda path: shown(evozc.compare(path, progress=False)), ("results.json",)
    ),
    "predictor": Kind(make_predictor, scores_of_predictor),
    "audit": Kind(make_audit, lambda path: shown(read_audit(path))),
    "transfer": Kind(make_transfer, go_on_with_transfer),
    "cells of a transfer": Kind(make_transfer, go_on_with_transfer, ("results.json",)),
    "search for architectures": Kind(make_nas, make_nas),
    "its results": Kind(make_nas, lambda path: shown(read_nas_results(path))),
    "parts of an extraction": Kind(make_parts, extract),
    "shards": Kind(make_shards, merged),
}


@pytest.fixture(scope="module", params=KINDS)
def sound(request, tmp_path_factory):
    """A kind, where a whole one is, and what it says."""
    kind, place = KINDS[request.param], tmp_path_factory.mktemp("whole")
    path = place / "it"
    kind.make(path)
    for name in kind.without:
        (path / name).unlink()
    copy = place / "copy"
    duplicate(path, copy)
    return kind, path, kind.read(copy)


def duplicate(path: Path, to: Path) -> None:
    if to.is_dir():
        shutil.rmtree(to)
    to.unlink(missing_ok=True)
    if path.is_dir():
        shutil.copytree(path, to)
    else:
        shutil.copy(path, to)


def flip(sound: Any, count: int) -> None:
    kind, path, whole = sound
    generator, verdicts = random.Random(0), Counter()
    copy = path.parent / "copy"  # where the whole one was read, since runs know their tables by place
    readable = [p for p in [path, *path.rglob("*")] if p.is_file() and p.stat().st_size]
    readable = [p for p in readable if p.suffix not in (".svg", ".html", ".csv")]  # which are only written
    with torch.random.fork_rng():
        for _ in range(count):
            victim = generator.choice(readable)
            duplicate(path, copy)
            damaged = bytearray(victim.read_bytes())
            place = generator.randrange(len(damaged))
            damaged[place] ^= 1 << generator.randrange(8)
            (copy / victim.relative_to(path) if path.is_dir() else copy).write_bytes(damaged)
            try:
                found = kind.read(copy)
            except EvozcError:
                verdicts["refused"] += 1
            else:
                assert found == whole, (victim.name, place)
                verdicts["made again, or harmless"] += 1
    assert verdicts.total() == count


def test_a_flipped_bit_gives_no_other_figure(sound):
    flip(sound, 12)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_three_hundred_flipped_bits_give_no_other_figure(sound):
    flip(sound, 300)
