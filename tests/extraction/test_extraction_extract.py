"""Tables of many architectures: interrupted, resumed, in parallel, with failures."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch

import evozc
from evozc.errors import DataError
from evozc.extraction import ExtractionSettings, Group, Images, RandomInputs, extract_table, measure
from evozc.spaces import NasBench201
from evozc.symbols import GROUPS
from evozc.table import Target, load_table, save_table
from primitives import scalar

SPACE = NasBench201(channels=4, cells=1, stages=2)
SETTINGS = ExtractionSettings(batch=8, seed=5)
ROOT = Path(__file__).resolve().parents[2]


def some(count, space=SPACE):
    generator, found = random.Random(1), {}
    while len(found) < count:
        found.setdefault(space.sample(generator))
    return list(found)


def make_images():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(30, 3, 8, 8, generator=generator)
    return Images.of(x, torch.arange(30) % 10)


def extract(folder, architectures, *, space=SPACE, settings=SETTINGS, images=None, targets=(), **more):
    return extract_table(
        space, architectures, images or make_images(), settings, targets, parts=folder, **more
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Forty architectures in three shards, extracted in one go."""
    folder = tmp_path_factory.mktemp("whole") / "parts"
    return folder, extract(folder, some(40))


def copied(folder, to):
    to.mkdir()
    for path in folder.iterdir():
        (to / path.name).write_bytes(path.read_bytes())
    return to


@dataclass(frozen=True)
class Choosy(NasBench201):
    """A space, of the user's own, that cannot build every architecture."""

    forbidden: ClassVar[str] = "avg_pool"

    def build(self, architecture):
        if self.forbidden in architecture:
            raise ArithmeticError(f"no {self.forbidden}")
        return super().build(architecture)


class Hopeless(Choosy):
    """A space that can build none."""

    forbidden = "|"


def test_the_table_holds_what_measure_gives(whole):
    table = whole[1]
    images, labels = make_images().batch(SETTINGS.batch, SETTINGS.seed)
    assert table.architectures == tuple(some(40))
    assert table.keys == tuple(SPACE.canonical_key(a) for a in table.architectures)
    lengths = np.diff(table.offsets["layer"])
    network = SPACE.build(table.architectures[7])
    values = measure(network, images, labels, SPACE.blocks(network), SETTINGS.groups)
    assert lengths[7] == len(values["layer.macs"])
    here = slice(*table.offsets["layer"][7:9])
    np.testing.assert_array_equal(table.values["layer.macs"][here], values["layer.macs"])
    # Other weights than those drawn here, but of the same kind.
    np.testing.assert_allclose(table.values["layer.weight_l2"][here], values["layer.weight_l2"], rtol=0.5)
    assert [s.key for s in table.statistics] == [k for k, v in values.items() if np.isfinite(v).any()]


def test_the_provenance_is_whole_and_survives_the_disk(whole, tmp_path):
    table = whole[1]
    save_table(table, tmp_path / "t.npz")
    provenance = dict(load_table(tmp_path / "t.npz").provenance)
    versions = provenance.pop("versions")
    assert provenance == {
        "source": "extraction", "space": "nasbench201", "space_settings": SPACE.settings(),
        "settings": {
            "batch": 8, "seed": 5, "groups": list(SETTINGS.groups),
            "inputs": "data", "initialisation": "default", "repeats": 1, "device": "cpu",
        },
        "images": make_images().digest, "failed": {},
    }
    assert versions["torch"] == torch.__version__


@pytest.mark.slow
def test_the_same_whatever_the_number_of_jobs_or_of_threads(whole, tmp_path):
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert extract(tmp_path / "two", some(40), jobs=2).content_hash == whole[1].content_hash
        assert extract(tmp_path / "one", some(40), jobs=1).content_hash == whole[1].content_hash
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)


def test_the_same_whatever_the_order_and_the_company(whole, tmp_path):
    table = whole[1]
    few = extract(tmp_path / "few", some(40)[4:1:-1])
    assert few.content_hash == table.select([4, 3, 2]).content_hash


def test_another_seed_draws_other_weights_and_images(whole, tmp_path):
    other = extract(tmp_path / "other", some(3), settings=ExtractionSettings(batch=8, seed=6))
    few = whole[1].select(range(3))
    assert not (other.values["layer.weight_l2"] == few.values["layer.weight_l2"]).any()
    assert (other.values["activation.positive"] != few.values["activation.positive"]).any()


@pytest.mark.parametrize("harm", ["delete", "truncate", "empty", "alter", "text", "foreign"])
def test_a_shard_that_is_lost_or_damaged_is_measured_again(whole, tmp_path, harm):
    folder, table = whole
    parts = copied(folder, tmp_path / "parts")
    paths = sorted(parts.glob("*.npz"))
    assert len(paths) == 3
    content = paths[1].read_bytes()
    if harm == "delete":
        paths[1].unlink()
    elif harm == "foreign":
        extract(tmp_path / "foreign", some(40), settings=ExtractionSettings(8, 5, ("shapes",)))
        paths[1].write_bytes((tmp_path / "foreign" / paths[1].name).read_bytes())
    else:
        middle = len(content) // 2
        altered = content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1 :]
        harmed = {"truncate": content[:middle], "empty": b"", "alter": altered, "text": b"x" * 500}
        paths[1].write_bytes(harmed[harm])
    kept = {path: path.stat().st_mtime_ns for path in (paths[0], paths[2])}
    calls = []
    again = extract(parts, some(40), progress=lambda *call: calls.append(call))
    assert again.content_hash == table.content_hash
    assert kept == {path: path.stat().st_mtime_ns for path in kept}
    assert calls[-1] == (40, 40)
    assert 24 <= calls[0][0] < 40
    assert sorted(parts.glob("*.npz")) == paths


def test_a_finished_folder_is_only_read(whole, tmp_path):
    parts = copied(whole[0], tmp_path / "parts")
    before = {path: path.stat().st_mtime_ns for path in parts.iterdir()}
    calls = []
    table = extract(parts, some(40), progress=lambda *call: calls.append(call))
    assert table.content_hash == whole[1].content_hash
    assert {path: path.stat().st_mtime_ns for path in parts.iterdir()} == before
    assert calls == [(40, 40)]


def test_more_architectures_go_on_from_a_finished_folder(whole, tmp_path):
    parts = copied(whole[0], tmp_path / "parts")
    calls = []
    table = extract(parts, some(45), progress=lambda *call: calls.append(call))
    assert calls == [(40, 45), (45, 45)]
    assert table.select(range(40)).content_hash == whole[1].content_hash


def test_stopped_between_two_shards_it_goes_on(whole, tmp_path):
    def stop(done, total):
        if 0 < done < total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        extract(tmp_path / "parts", some(40), progress=stop)
    calls = []
    table = extract(tmp_path / "parts", some(40), progress=lambda *call: calls.append(call))
    assert calls[0] == (16, 40)
    assert table.content_hash == whole[1].content_hash


@pytest.mark.slow
def test_killed_it_goes_on(whole, tmp_path):
    script = (
        "import sys; sys.path[:0] = sys.argv[2:]\n"
        "import test_extraction_extract as t\n"
        "t.extract(sys.argv[1], t.some(40))\n"
    )
    parts = tmp_path / "parts"
    command = [sys.executable, "-c", script, str(parts), str(ROOT), str(Path(__file__).parent)]
    process = subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"})
    deadline = time.monotonic() + 60
    while not list(parts.glob("*.npz")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert 1 <= len(list(parts.glob("*.npz"))) < 3
    assert extract(parts, some(40)).content_hash == whole[1].content_hash


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"settings": ExtractionSettings(batch=9, seed=5)}, "settings: .*'batch': 8.*'batch': 9"),
        ({"settings": ExtractionSettings(batch=8, seed=5, groups=["shapes"])}, "settings: "),
        ({"space": NasBench201(channels=5, cells=1, stages=2)}, "space_settings: "),
        ({"images": Images.of(torch.ones(30, 3, 8, 8), torch.arange(30) % 10)}, "images: "),
    ],
)
def test_a_folder_of_another_extraction_is_refused(whole, change, message):
    before = {path: path.read_bytes() for path in whole[0].iterdir()}
    with pytest.raises(DataError, match=rf"another extraction.* {message}"):
        extract(whole[0], some(40), **change)
    assert {path: path.read_bytes() for path in whole[0].iterdir()} == before


@pytest.mark.parametrize("content", ["", "{", "[]", "null"])
def test_a_manifest_that_is_none_is_refused(tmp_path, content):
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(DataError, match="manifest"):
        extract(tmp_path, some(1))


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="file"):
        extract(tmp_path / "file" / "parts", some(1))


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_architecture_that_fails_is_left_out_with_its_reason(tmp_path, jobs):
    good = [a for a in some(60) if "avg_pool" not in a][:3]
    bad = next(a for a in some(60) if "avg_pool" in a)
    architectures = [good[0], bad, good[1], "|nor_conv_9x9~0|", good[2]]
    targets = [Target("accuracy", np.arange(5.0)), Target("loss", -np.arange(5.0), "", False)]
    space = Choosy(channels=4, cells=1, stages=2)
    for _ in range(2):  # the second time from the shards
        table = extract(tmp_path / "parts", architectures, space=space, targets=targets, jobs=jobs)
        assert table.architectures == tuple(good)
        assert table.target("accuracy").values.tolist() == [0, 2, 4]
        assert not table.target("loss").higher_is_better
        failed = table.provenance["failed"]
        assert failed[bad] == "ArithmeticError: no avg_pool"
        assert "unknown operation 'nor_conv_9x9'" in failed["|nor_conv_9x9~0|"]
        assert json.loads(json.dumps(table.provenance)) == table.provenance


@dataclass(frozen=True)
class Deadly(NasBench201):
    """A space one of whose architectures ends the process that builds it, or wants too much memory."""

    deadly: ClassVar[str] = some(6)[3]
    hungry: ClassVar[str] = some(6)[5]

    def build(self, architecture):
        if architecture == self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        if architecture == self.hungry:
            return torch.empty(2**60)
        return super().build(architecture)


@dataclass(frozen=True)
class Hungry(Deadly):
    """The same, but that none of them ends the process."""

    deadly: ClassVar[str] = ""


@pytest.mark.slow
def test_what_kills_its_worker_or_wants_too_much_memory_is_left_out_and_the_rest_is_there(whole, tmp_path):
    names = some(6)
    space = Deadly(channels=4, cells=1, stages=2)
    table = extract(tmp_path / "parts", names, space=space, jobs=2)
    left_out = {names[3], names[5]}
    assert table.architectures == tuple(a for a in names if a not in left_out)
    lost = table.provenance["lost"]
    assert "died 3 times" in lost[names[3]]
    assert "memory was not enough" in lost[names[5]]
    rest = [i for i in range(6) if i not in (3, 5)]
    assert table.content_hash == whole[1].select(rest).content_hash
    # Neither is a property of the architecture: where there is enough of all, they are measured.
    sound = NasBench201(channels=4, cells=1, stages=2)
    calls = []
    again = extract(tmp_path / "parts", names, space=sound, progress=lambda *call: calls.append(call))
    assert calls == [(4, 6), (6, 6)]
    assert again.content_hash == whole[1].select(range(6)).content_hash


def test_want_of_memory_inside_a_group_or_pass_is_no_property_of_the_architecture(tmp_path):
    class Greedy(Group):
        name = "greedy"
        statistics = (scalar("greed", "x", group="greedy"),)
        wants: ClassVar[str] = "own_passes"

        def own_passes(self, run):
            if self.wants == "own_passes":
                torch.empty(2**60)

        def layer(self, run, node, inputs, output):
            if self.wants == "layer":
                torch.empty(2**60)

    with GROUPS.lent("greedy", Greedy):
        settings = ExtractionSettings(batch=2, groups=("shapes", "greedy"))
        for wants in ("own_passes", "layer", ""):
            Greedy.wants = wants
            if wants:
                with pytest.raises(DataError, match=r"none of 1 .*memory was not enough"):
                    extract(tmp_path / "parts", some(1), settings=settings)
            else:
                assert len(extract(tmp_path / "parts", some(1), settings=settings)) == 1


def test_what_was_lost_to_want_of_memory_is_tried_again_alone(tmp_path):
    names, calls = some(6)[3:], []

    def measured(space):
        return evozc.extract(
            names, RandomInputs(space, 8), tmp_path / "out.npz", space=space,
            settings=ExtractionSettings(batch=2, groups=("weights",)),
            progress=lambda *call: calls.append(call),
        )

    hungry, sound = (kind(channels=4, cells=1, stages=2) for kind in (Hungry, NasBench201))
    table = measured(hungry)
    assert table.architectures == tuple(names[:2])
    assert table.provenance["failed"] == {}
    assert list(table.provenance["lost"]) == [names[2]]
    (tmp_path / "out.npz").rename(tmp_path / "out.npz.old")
    calls.clear()
    assert measured(sound).architectures == tuple(names)
    assert calls == [(2, 3), (3, 3)]
    assert not (tmp_path / "out.npz.parts").exists()


def test_nothing_but_failures_is_an_error_with_the_first_reason(tmp_path):
    space = Hopeless(channels=4, cells=1, stages=2)
    with pytest.raises(DataError, match=r"none of 2 .*ArithmeticError"):
        extract(tmp_path / "parts", some(2), space=space)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"architectures": []}, "no architectures"),
        ({"architectures": some(1) * 2}, "more than once"),
        ({"targets": [Target("accuracy", np.zeros(3))]}, "'accuracy' needs 2"),
        ({"targets": [Target("accuracy", np.array([1, np.nan]))]}, "'accuracy' needs 2"),
        ({"settings": ExtractionSettings(batch=31)}, "31"),
    ],
)
def test_what_cannot_be_extracted_is_refused_before_anything_is_written(tmp_path, change, message):
    with pytest.raises(DataError, match=message):
        extract(tmp_path / "parts", **{"architectures": some(2), **change})
    assert not (tmp_path / "parts").exists()


def test_chosen_groups_make_a_smaller_table(tmp_path):
    table = extract(tmp_path / "parts", some(2), settings=ExtractionSettings(batch=4, groups=("blocks",)))
    assert {s.group for s in table.statistics} == {"blocks"}
    assert list(table.offsets) == ["block"]


def test_the_random_state_of_the_caller_is_left_alone(tmp_path):
    before = torch.get_rng_state(), random.getstate()
    extract(tmp_path / "parts", some(2))
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1] == random.getstate()


def test_the_mean_over_repeats_leaves_out_what_is_missing():
    from evozc.extraction._extract import _average

    nan = float("nan")
    first, second = ({"a": np.array([1.0, nan, nan]), "b": 2.0}, {"a": np.array([3.0, 5.0, nan]), "b": nan})
    averaged = _average([first, second])
    np.testing.assert_array_equal(averaged["a"], [2, 5, nan])
    assert averaged["b"] == 2


@pytest.mark.parametrize("change", [
    {"inputs": "noise"}, {"inputs": "ones"}, {"initialisation": "kaiming"}, {"initialisation": "normal"},
    {"initialisation": "xavier"}, {"repeats": 2},
])
def test_settings_change_the_numbers_and_stand_in_the_provenance(tmp_path, change):
    groups = ("weights", "activations")
    tables = [
        extract_table(
            SPACE, some(3), make_images(), ExtractionSettings(batch=8, groups=groups, **settings),
            parts=tmp_path / str(len(settings)),
        )
        for settings in ({}, change)
    ]
    assert tables[0].content_hash != tables[1].content_hash
    assert tables[1].provenance["settings"].items() >= change.items()
    if "initialisation" in change:
        stem = tables[1].values["layer.weight_std"][0]
        fan_in, fan_out = 3 * 9, tables[1].provenance["space_settings"]["channels"] * 9
        kaiming, xavier = (2 / fan_in) ** 0.5, (2 / (fan_in + fan_out)) ** 0.5
        expected = {"kaiming": kaiming, "xavier": xavier, "normal": 1.0}
        assert stem == pytest.approx(expected[change["initialisation"]], rel=0.3)
