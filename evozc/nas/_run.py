"""A search for architectures in a folder of its own, in which nothing is measured twice.

``manifest.json``    what was asked for
``sizes/``           sizes of every architecture proposed, where there are limits
``latency.jsonl``    what was told of their latency
``measured/``        the statistics that the formula needs, of those that the limits allow
``results.json``     the best architectures, and the front
``answers.jsonl``    what was told of those that were trained
``best.csv``, ``front.csv``, ``trained.csv``  the same for spreadsheets
``front.svg``        the front as a picture, where matplotlib is installed
``winner.py``        builds the network of the best one

Every draw comes from one generator and every score from what was measured, so that a search that was
stopped is repeated from its start out of its folder, and goes on as if nothing had happened.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor as Pool
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from evozc._files import exists
from evozc._folder import Folder, Kind, installed, read_manifest, read_sealed
from evozc.engine import rankable
from evozc.errors import CheckpointError, ConfigError, DataError
from evozc.executors import Executor, executor_for
from evozc.extraction import ExtractionSettings, Images, Measured, Outcome, RandomInputs
from evozc.formula import Formula
from evozc.nas._algorithms import ALGORITHMS
from evozc.nas._queries import Queries
from evozc.nas._results import Found, NasResults, Trained, to_csv, trained_csv
from evozc.nas._settings import LATENCY, SIZES, NasSettings
from evozc.nas._told import Teller, Told, teller_name
from evozc.nas._winner import builder
from evozc.spaces import SearchSpace
from evozc.symbols import statistics
from evozc.table import Table

#: After so many proposals for each architecture that is left to score, of which none was new, it ends.
_PATIENCE = 200
#: After so many architectures in a row that the limits refuse, it ends.
_REFUSED = 500


@dataclass(frozen=True)
class NasManifest:
    """What a search for architectures was asked for.

    Args:
        formula: That scores.
        space: Its name.
        space_settings: What builds it.
        images: Digest of what networks are fed.
        settings: Of the search.
        extraction: Of the measurements.
        versions: Of Python and of packages, by name.
        latency: What tells it, by name; empty where nothing does.
    """

    formula: str
    space: str
    space_settings: Mapping[str, int | float | str | bool]
    images: str
    settings: NasSettings
    extraction: ExtractionSettings
    versions: Mapping[str, str]
    latency: str = ""


NAS = Kind(
    "evozc-nas-2", "the folder of a search for architectures", "folder", NasManifest,
    ("results.json", "latency.jsonl", "answers.jsonl", "best.csv", "front.csv", "trained.csv", "front.svg",
     "winner.py", "sizes/*", "measured/*"),
    "the command that began it",
)


class NasFolder(Folder[NasManifest]):
    """The folder of a search for architectures that is open for writing; use it as a context manager."""

    kind = NAS


def find_networks(
    space: SearchSpace,
    formula: Formula,
    images: Images | RandomInputs,
    path: Path,
    settings: NasSettings,
    extraction: ExtractionSettings | None = None,
    *,
    score: Callable[[Table], np.ndarray],
    jobs: int | str | Executor | Pool = 1,
    latency: Teller | Callable[[str], float] | None = None,
    ask: Teller | Callable[[str], float] | None = None,
    queries: int = 0,
    terms: Callable[[Table], np.ndarray] | None = None,
    progress: Callable[[int, int], object] = lambda _done, _total: None,
    asked: Callable[[int, int], object] = lambda _done, _total: None,
) -> NasResults:
    """Search a space for the architectures that a proxy scores highest.

    Called again with the same arguments it goes on in its folder, and ends as if never stopped; the
    result is the same for any number of jobs.

    Args:
        space: Of the architectures.
        formula: Whose statistics are measured, and no others.
        images: From which the mini-batch is drawn.
        path: The folder; made if need be.
        settings: Of the search.
        extraction: Mini-batch, seed and initialisation; its groups are those that are needed.
        score: float64 (architectures,) of a table of those measured so far, higher is better.
        jobs: As :func:`~evozc.extraction.extract_table` takes it.
        latency: Tells it, of an architecture's text, in any unit; once of each, for it is kept.
        ask: Trains an architecture, given its text, and tells its accuracy; higher is better. What fails is
            asked once more, and then left out with its reason.
        queries: Architectures of those scored to be trained; more may be asked for in the same folder later.
        terms: float64 (terms, architectures) of a table, which :class:`Queries` weighs; by default the score.
        progress: Called with the number of architectures scored and the budget.
        asked: Called with the number of architectures trained and the queries.

    Raises:
        DataError: no architecture could be scored, or the folder is not that of this search.
        ConfigError: settings that do not fit the space.
        FormulaError: the formula needs what is not measured.
    """
    extraction = extraction or ExtractionSettings()
    manifest = NasManifest(
        formula.text, space.name, space.settings(), images.digest, settings,
        replace(extraction, groups=_groups({s.key for s in formula.statistics()})),
        installed("evozc", "torch", "numpy", "deap"),
        "" if latency is None else teller_name(latency),
    )
    if (latency is None) == (LATENCY in settings.sizes):
        raise ConfigError("a limit of latency, or a front against it, needs what tells it; nothing else does")
    if queries < 0 or (ask is None) != (queries == 0):
        raise ConfigError("queries, from 1, need whom to ask, and only they do")
    with ExitStack() as stack:
        folder = stack.enter_context(_folder(Path(path), manifest))
        search = _Search(space, images, folder, score, executor_for(jobs), stack, latency)
        results = search.run(progress)
        if ask is not None:
            told = Told(folder.file("answers.jsonl"), ask)
            results = search.train(results, told, queries, terms or score, asked)
            folder.write_text("trained.csv", trained_csv(results.trained))
        folder.write_text("best.csv", to_csv(results.best))
        if settings.against:
            folder.write_text("front.csv", to_csv(results.front))
        folder.write_text("winner.py", builder(space, results.winner))
        folder.write("results.json", results)
    return results


def read_nas_results(path: Path) -> NasResults:
    """What came out of a search for architectures.

    Raises:
        CheckpointError: not the folder of one, not at its end, or damaged.
    """
    read_manifest(path, NAS)
    return read_sealed(Path(path) / "results.json", NasResults)


class _Search:
    def __init__(
        self, space: SearchSpace, images: Images | RandomInputs, folder: NasFolder,
        score: Callable[[Table], np.ndarray], executor: Executor, stack: ExitStack,
        latency: Teller | Callable[[str], float] | None,
    ) -> None:
        self.space, self.score = space, score
        self.settings = folder.manifest.settings

        def part(name: str, groups: tuple[str, ...]) -> Measured:
            asked = replace(folder.manifest.extraction, groups=groups)
            return stack.enter_context(Measured(folder.path / name, space, images, asked, executor))

        self.measured = part("measured", folder.manifest.extraction.groups)
        needed = {SIZES[name] for name in self.settings.sizes if name in SIZES}
        self.sized = part("sizes", _groups(needed)) if needed else None
        self.latency = None if latency is None else Told(folder.file("latency.jsonl"), latency)
        self.known: set[str] = set()
        self.scored: list[str] = []
        self.scores: dict[str, float] = {}
        self.sizes: dict[str, dict[str, float]] = {}
        self.refused = 0
        self.failed: dict[str, str] = {}

    def run(self, progress: Callable[[int, int], object]) -> NasResults:
        settings = self.settings
        generator = random.Random(f"nas {settings.seed}")
        algorithm = ALGORITHMS.get(settings.algorithm)(self.space, settings, generator)  # type: ignore[call-arg]
        ended, vain = False, 0
        while not ended and len(self.scored) < settings.budget:
            against = {a: s[settings.against] for a, s in self.sizes.items()} if settings.against else {}
            proposed: list[str] = []
            wanted = min(settings.batch, settings.budget - len(self.scored))
            for _ in range(_PATIENCE * wanted):
                try:
                    architecture = algorithm.propose(self.scored, self.scores, against)
                except StopIteration:
                    ended = True
                    break
                key = self.space.canonical_key(architecture)
                if key not in self.known:
                    self.known.add(key)
                    proposed.append(architecture)
                    if len(proposed) == wanted:
                        break
            before = len(self.scored)
            self._look_at(proposed)
            vain = 0 if len(self.scored) > before else vain + len(proposed)
            ended = ended or not proposed or vain >= _REFUSED
            progress(len(self.scored), settings.budget)
        if not self.scored:
            first = next(iter(self.failed.items()), None)
            why = f"; {first[0]}: {first[1]}" if first else f"; the limits refused {self.refused}"
            raise DataError(f"no architecture could be scored{why}")
        return self._results()

    def train(
        self, results: NasResults, told: Told, queries: int, terms: Callable[[Table], np.ndarray],
        progress: Callable[[int, int], object],
    ) -> NasResults:
        """Ask of as many of those scored as queries say; as many more may fail before it ends."""
        scored = [a for a in self.scored if np.isfinite(self.scores[a])]
        table = self.measured.table(scored)
        keys = [self.space.canonical_key(a) for a in scored]
        chosen = Queries(
            np.atleast_2d(terms(table)), keys, score=np.array([self.scores[a] for a in scored]),
            seed=self.settings.seed,
        )
        progress(0, queries)
        while len(chosen.answers) < queries and len(chosen.failed) <= queries:
            try:
                number = chosen.ask()
            except StopIteration:
                break
            chosen.tell(number, told.tell(scored[number]), told.failed.get(scored[number], ""))
            progress(len(chosen.answers), queries)
        trained = [
            Trained(scored[n], keys[n], accuracy, self.scores[scored[n]])
            for n, accuracy in chosen.answers.items()
        ]
        trained.sort(key=lambda one: -one.accuracy)
        untold = {scored[n]: reason for n, reason in chosen.failed.items()}
        return replace(results, trained=tuple(trained), untold=untold)

    def _look_at(self, proposed: Sequence[str]) -> None:
        self._size(proposed)
        allowed = [a for a in proposed if self._allowed(a)]
        if not allowed:
            return
        outcomes = self._measure(self.measured, allowed)
        self.scored += [a for a in allowed if not isinstance(outcomes[a], str)]
        if self.scored:
            table = self.measured.table(self.scored)
            values = rankable(np.asarray(self.score(table), np.float64))
            self.scores = {a: float(v) for a, v in zip(table.architectures, values, strict=True)}

    def _size(self, proposed: Sequence[str]) -> None:
        """Learn the sizes of those of which they can be."""
        outcomes = self._measure(self.sized, proposed) if self.sized and proposed else {}
        for architecture in proposed:
            outcome = outcomes.get(architecture, {})
            if isinstance(outcome, str):
                continue
            sizes = {n: float(outcome[SIZES[n]]) for n in self.settings.sizes if n in SIZES}
            if self.latency is not None:
                sizes[LATENCY] = self.latency.tell(architecture)
                if np.isnan(sizes[LATENCY]):
                    self.failed[architecture] = self.latency.failed[architecture]
                    continue
            self.sizes[architecture] = sizes

    def _allowed(self, architecture: str) -> bool:
        sizes = self.sizes.get(architecture)
        if sizes is None:
            return False
        fits = all(limit.allows(sizes[limit.size]) for limit in self.settings.limits)
        self.refused += not fits
        return fits

    def _measure(self, measured: Measured, architectures: Sequence[str]) -> Mapping[str, Outcome]:
        outcomes = measured.measure(architectures)
        self.failed |= {a: reason for a, reason in outcomes.items() if isinstance(reason, str)}
        return outcomes

    def _results(self) -> NasResults:
        found = [
            Found(a, self.space.canonical_key(a), self.scores[a], self.sizes[a])
            for a in self.scored if np.isfinite(self.scores[a])
        ]
        found.sort(key=lambda f: (-f.score, f.architecture))
        front: list[Found] = []
        if self.settings.against:
            size = self.settings.against
            for one in sorted(found, key=lambda f: (f.sizes[size], -f.score)):
                if not front or one.score > front[-1].score:
                    front.append(one)
        return NasResults(
            tuple(found[: self.settings.keep]), tuple(front), len(self.scored), self.refused,
            dict(sorted(self.failed.items())),
        )


def _groups(keys: set[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(s.group for s in statistics() if s.key in keys))


def _folder(path: Path, manifest: NasManifest) -> NasFolder:
    if not exists(path / "manifest.json"):
        return NasFolder.create(path, manifest)
    folder = NasFolder.open(path)
    asked, found = (replace(m, versions={}) for m in (manifest, folder.manifest))
    if asked != found:
        folder.__exit__(None, None, None)
        raise CheckpointError(f"{path}: holds another search for architectures; name another folder")
    return folder
