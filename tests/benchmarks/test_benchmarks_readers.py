"""Readers: found by name or by looking at the file, and each keeps its protocol."""

import gzip
import json

import numpy as np
import pytest

from evozc.benchmarks.readers import READERS, Published, Request, Wanted, read_published, read_rows
from evozc.errors import ConfigError, DataError
from evozc.spaces import Texts, get_space
from evozc.table import Target
from evozc.testing import ContractError, check_reader

CSV = "architecture,accuracy,test_ppl,zen,note\na,90,31.5,1,x\nb,92,30.5,2,y\nc,91,,,z\n"
REQUEST = Request(Texts(), (Wanted.of("accuracy"),), scores=True, without=("note", "test_ppl"))


@pytest.fixture
def example(tmp_path):
    path = tmp_path / "example.csv"
    path.write_text(CSV)
    return path


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "damaged"
    path.mkdir()
    return path


@pytest.mark.parametrize("packed", [False, True])
def test_the_reader_of_csv_keeps_its_protocol(example, folder, packed):
    if packed:
        example = example.with_suffix(".csv.gz")
        example.write_bytes(gzip.compress(CSV.encode()))
    found = check_reader(READERS.get("csv"), example, REQUEST, folder=folder, best="b", damages=200)
    assert found.places == ("line 2", "line 3", "line 4")
    np.testing.assert_array_equal(found.scores["zen"], [1, 2, np.nan])


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("accuracy", Wanted("accuracy")),
        ("test_ppl:lower", Wanted("test_ppl", False)),
        ("top1:higher:%", Wanted("top1", True, "%")),
        ("latency:lower:ms:edge", Wanted("latency:lower:ms:edge")),
        ("a:b:lower", Wanted("a:b", False)),
        ("lower", Wanted("lower")),
        (":lower", Wanted("", False)),
        ("lower:lower", Wanted("lower", False)),
    ],
)
def test_a_target_is_asked_for_with_its_direction_and_unit(text, wanted):
    assert Wanted.of(text) == wanted


@pytest.mark.parametrize("name", ["test_ppl", "valLoss", "val loss", "RMSE", "top1_error", "latency_ms",
                                  "train_time10", "runtime", "perplexity", "Errors", "err"])
def test_a_name_like_that_of_a_loss_asks_for_its_direction(name):
    values = np.arange(3.0)
    with pytest.raises(DataError, match=f"--target {name}:lower or --target {name}:higher"):
        Target(name, values)
    for higher in (True, False):
        assert Target(name, values, higher_is_better=higher).higher_is_better is higher


@pytest.mark.parametrize("name", ["accuracy", "top1", "c10_test200", "glossy", "timely", "ssim", "throughput",
                                  "erroneous", "map", ""])
def test_another_name_means_that_higher_is_better(name):
    target = Target(name, np.arange(3.0))
    assert (target.higher_is_better, target.unit, target.title) == (True, "", name)


def test_a_column_of_losses_is_read_once_its_direction_is_said(example):
    with pytest.raises(DataError, match=r"example.csv: target 'test_ppl': is a higher or a lower value"):
        read_published(example, Request(Texts(), (Wanted("test_ppl"),), where={"note": "x"}))
    asked = Request(Texts(), (Wanted.of("test_ppl:lower:nats"),), where={"note": "x"})
    (target,) = read_published(example, asked).targets
    assert (target.merit.tolist(), target.unit) == ([-31.5], "nats")
    assert target.title == "test_ppl (lower is better)"


def test_what_the_user_says_may_not_contradict_the_format():
    with pytest.raises(ConfigError, match="by the file's format lower is better"):
        Wanted("loss", True).target(np.zeros(2), higher_is_better=False)
    target = Wanted("loss").target(np.zeros(2), higher_is_better=False, unit="nats", noise_ceiling=0.9)
    assert (target.higher_is_better, target.unit, target.noise_ceiling) == (False, "nats", 0.9)


def test_an_architecture_may_stand_in_several_columns(shared):
    space = get_space("mnasnet")
    path = shared / "mnasnet" / "sample.csv.gz"
    asked = Request(space, (Wanted.of("val_top1:higher:%"),), scores=True, without=("id",))
    found = read_published(path, asked)
    assert len(found.architectures) == 500
    assert found.architectures[0].split() == space.from_columns(read_rows(path)[0]).split()
    assert list(found.scores) == ["macs", "params", "latency_zcu102", "throughput_3090", "throughput_tpuv3"]
    with pytest.raises(DataError, match="no column 'b0'"):
        read_published(shared / "nasbenchmacro" / "sample.csv.gz", Request(space))


def test_rows_are_chosen_by_value(example):
    found = read_published(example, Request(Texts(), where={"note": "y"}))
    assert (found.architectures, found.places) == (("b",), ("line 3",))
    with pytest.raises(DataError, match="no row has note=w"):
        read_published(example, Request(Texts(), where={"note": "w"}))
    with pytest.raises(DataError, match="no column 'task'"):
        read_published(example, Request(Texts(), where={"task": "w"}))


class Pairs:
    """A list of pairs in JSON, as a plug-in's author reads it."""

    name = "pairs"

    def fits(self, path, head):
        return head.lstrip().startswith(b'[["')

    def read(self, path, request):
        try:
            pairs = {str(text): float(value) for text, value in json.loads(path.read_bytes())}
        except OSError as error:
            raise DataError(f"{path}: {error.strerror}") from error
        except (ValueError, TypeError, RecursionError) as error:
            raise DataError(f"{path}: no list of pairs: {error}") from error
        values = np.array(list(pairs.values()))
        if not pairs or not np.isfinite(values).all() or not all(text.strip() for text in pairs):
            raise DataError(f"{path}: every architecture needs a finite value")
        (wanted,) = request.targets or (Wanted("score"),)
        if wanted.name != "score":
            raise DataError(f"{path}: holds no {wanted.name!r} but score")
        target = wanted.target(values, higher_is_better=False, unit="s")
        places = tuple(f"pair {k}" for k in range(len(pairs)))
        return Published(path, places, tuple(pairs), tuple(pairs), (target,))


@pytest.fixture
def registered(monkeypatch):
    monkeypatch.setattr(READERS, "_registered", {})
    READERS.register("pairs", Pairs)


def test_a_reader_of_ones_own_is_chosen_by_looking_at_the_file(registered, tmp_path, folder, example):
    path = tmp_path / "some.json"
    path.write_text('[["a", 3], ["b", 1], ["c", 2]]')
    found = read_published(path, Request(Texts()))
    assert (found.architectures, found.targets[0].title) == (("a", "b", "c"), "score (lower is better)")
    assert check_reader(Pairs, path, Request(Texts()), folder=folder, best="b").ids == ("a", "b", "c")
    assert read_published(example, REQUEST).architectures == ("a", "b", "c")
    with pytest.raises(DataError, match="no list of pairs"):
        read_published(example, REQUEST, "pairs")
    with pytest.raises(ConfigError, match="unknown reader 'pair'; did you mean 'pairs'"):
        read_published(example, REQUEST, "pair")


def test_a_file_that_two_readers_know_is_asked_about(registered, tmp_path):
    READERS.register("again", type("Again", (Pairs,), {"name": "again"}))
    path = tmp_path / "some.json"
    path.write_text('[["a", 3]]')
    with pytest.raises(ConfigError, match="may be again or pairs; say which with --format"):
        read_published(path, Request(Texts()))


BROKEN = {
    "gives something else": (
        {"read": lambda self, path, request: json.loads(path.read_bytes())}, "gives list, not Published"
    ),
    "crashes": (
        {"read": lambda self, path, request: Pairs.read(self, path, request) and path.read_text()[1][1]},
        "raised IndexError",
    ),
    "one target for all": (
        {"read": lambda self, path, request: Pairs.read(self, path, Request(request.space))},
        "reads a target that is not there",
    ),
    "forgets the path": (
        {"read": lambda self, path, request: pathless(Pairs.read, self, path, request)}, "begins with no path"
    ),
}


def pathless(read, *arguments):
    try:
        return read(*arguments)
    except DataError as error:
        raise DataError(str(error).partition(": ")[2]) from None


@pytest.mark.parametrize(("changed", "message"), BROKEN.values(), ids=BROKEN.keys())
def test_a_reader_that_breaks_a_promise_is_found_out(tmp_path, folder, changed, message):
    path = tmp_path / "some.json"
    path.write_text('[["a", 3], ["b", 1], ["c", 2]]')
    with pytest.raises(ContractError, match=message):
        check_reader(type("Broken", (Pairs,), changed), path, Request(Texts()), folder=folder)
