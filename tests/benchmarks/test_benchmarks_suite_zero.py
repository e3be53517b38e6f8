"""NAS-Bench-Suite-Zero's JSON in all its layouts, against the real files where they are at hand."""

import json

import numpy as np
import pytest
from scipy.stats import kendalltau

from evozc.benchmarks import table_from_scores
from evozc.benchmarks.readers import READERS, Request, Wanted, read_published
from evozc.benchmarks.readers._suite_zero_keys import in_the_words_of
from evozc.errors import ConfigError, DataError
from evozc.spaces import Texts, get_space
from evozc.testing import check_reader

SPACE = get_space("nasbench201")
KEYS = ["(4, 0, 3, 1, 4, 3)", "(0, 2, 3, 2, 3, 1)", "(2, 2, 0, 2, 2, 2)"]
CELL = "|avg_pool_3x3~0|+|skip_connect~0|none~1|+|nor_conv_1x1~0|avg_pool_3x3~1|nor_conv_1x1~2|"


def published(accuracies=(85.5, 86.0, 94.0), jacov=(-32.5, -1e8, -30.0), dataset="cifar10"):
    """The layout since May 2022."""
    return {
        dataset: {
            key: {
                "idx": str(place), "arch": key, "val_accuracy": accuracy,
                "jacov": {"score": score, "time": 0.5}, "params": {"score": place / 10, "time": 0.1},
            }
            for place, (key, accuracy, score) in enumerate(zip(KEYS, accuracies, jacov, strict=True))
        }
    }


def older(content, space="nasbench201"):
    """The layout before: a level deeper, bare numbers."""
    def bare(record):
        kept = {name: value for name, value in record.items() if name not in ("idx", "arch")}
        return {name: value["score"] if isinstance(value, dict) else value for name, value in kept.items()}

    inner = {
        dataset: {key: bare(record) for key, record in records.items()}
        for dataset, records in content.items()
    }
    return {space: inner}


def shards(content):
    """The lists that the runner writes: a record an architecture and proxy."""
    return [
        {"idx": r["idx"], "arch": r["arch"], "val_accuracy": r["val_accuracy"], name: r[name]}
        for name in ("jacov", "params") for r in content["cifar10"].values()
    ]


@pytest.fixture
def write(tmp_path):
    def write(content, name="zc_nasbench201.json"):
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return write


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "damaged"
    path.mkdir()
    return path


ASKED = Request(SPACE, scores=True)


def expect(found):
    assert found.architectures[0] == CELL
    assert found.architectures[2].count("nor_conv_3x3") == 5
    (target,) = found.targets
    assert (target.name, target.unit, target.higher_is_better) == ("val_accuracy", "%", True)
    assert target.values.tolist() == [85.5, 86.0, 94.0]
    np.testing.assert_array_equal(found.scores["jacov"], [-32.5, np.nan, -30])
    np.testing.assert_array_equal(found.scores["params"], [0, 0.1, 0.2])
    assert found.notes == ("jacov: 1 of 3 missing (1 of -1e+08)",)


LAYOUTS = {
    "as published": (published(), "zc_nasbench201.json"),
    "older": (older(published()), "zc_nasbench201.json"),
    "a shard": (shards(published()), "benchmark--nasbench201--cifar10--0.json"),
}


@pytest.mark.parametrize(("content", "name"), LAYOUTS.values(), ids=LAYOUTS.keys())
def test_every_layout_is_seen_by_looking_at_the_file_and_keeps_the_protocol(write, folder, content, name):
    path = write(content, name)
    expect(read_published(path, ASKED))
    best = in_the_words_of(SPACE, KEYS[2])
    expect(check_reader(READERS.get("suite-zero"), path, ASKED, folder=folder, best=best, damages=120))


def test_shards_in_a_folder_are_one_file(write, tmp_path):
    records = shards(published())
    write(records[:2] + records[3:4], "benchmark--nasbench201--cifar10--0.json")
    write(records[2:3] + records[4:], "benchmark--nasbench201--cifar10--100.json")
    write(shards(published(accuracies=(1, 2, 3))), "benchmark--nasbench201--svhn--0.json")
    write("no shard", "README.json")
    with pytest.raises(DataError, match="holds cifar10, svhn; say which with --where dataset=cifar10"):
        read_published(tmp_path, ASKED)
    found = read_published(tmp_path, Request(SPACE, scores=True, where={"dataset": "cifar10"}))
    expect(found)
    assert found.places[2] == "benchmark--nasbench201--cifar10--100.json: $[0]"
    records[1]["val_accuracy"] = 1.0
    write(records, "benchmark--nasbench201--cifar10--0.json")
    with pytest.raises(DataError, match=r"cifar10--0.json: \$\[4\].\"val_accuracy\" contradicts .*\[1\]"):
        read_published(tmp_path, Request(SPACE, where={"dataset": "cifar10"}))


def test_a_list_of_keys_gives_architectures_alone(write):
    path = write({str(place): key.replace("(", "[").replace(")", "]") for place, key in enumerate(KEYS)})
    found = read_published(path, Request(SPACE))
    assert (found.architectures[0], found.targets, found.places[1]) == (CELL, (), '$."1"')
    with pytest.raises(DataError, match="a list of architectures alone, without val_accuracy"):
        read_published(path, Request(SPACE, (Wanted("val_accuracy"),)))


@pytest.mark.parametrize(
    ("dataset", "unit"), [("cifar100", "%"), ("autoencoder", "SSIM"), ("room_layout", "negative loss")]
)
def test_units_belong_to_the_data_set(write, dataset, unit):
    (target,) = read_published(write(published(dataset=dataset)), Request(SPACE)).targets
    assert (target.unit, target.higher_is_better) == (unit, True)


def test_one_of_several_data_sets_is_asked_for(write):
    path = write(published() | published(accuracies=(3, 2, 1), dataset="svhn"))
    with pytest.raises(DataError, match="holds cifar10, svhn; say which with --where dataset=cifar10"):
        read_published(path, ASKED)
    found = read_published(path, Request(SPACE, where={"dataset": "svhn"}))
    assert (found.targets[0].values.tolist(), found.provenance["dataset"]) == ([3, 2, 1], "svhn")
    with pytest.raises(ConfigError, match="chosen by dataset, not by task"):
        read_published(path, Request(SPACE, where={"task": "svhn"}))


WORDS = {
    ("nasbench201", "(4, 0, 3, 1, 4, 3)"): CELL,
    ("nasbench201", "[4,0,3,1,4,3]"): CELL,
    ("nasbench201", "(4, 0, 3, 1, 4, 5)"): None,
    ("nasbench201", "(4, 0, 3)"): None,
    ("nasbench201", CELL): None,
    ("transnas-micro", "(1, 0, 0, 2, 2, 3)"): "64-41414-1_00_223",
    ("transnas-macro", "(1, 2, 4, 2, 0, 0)"): "64-1242-basic",
    ("transnas-macro", "(2, 3, 1, 4)"): "64-2314-basic",
    ("nasbench101", "[0, 1,0, 0]"): "(0, 1, 0, 0)",
    ("darts", "(((0, 6), (1, 2)), ((0, 1), (1, 1)))"): "[[(0, 6), (1, 2)], [(0, 1), (1, 1)]]",
    ("darts", "Genotype(normal=[])"): None,
    ("darts", "(" * 500): None,
    ("texts", "(4, 0, 3, 1, 4, 3)"): None,
}


@pytest.mark.parametrize(("case", "written"), WORDS.items())
def test_keys_are_put_in_the_words_of_the_space(case, written):
    class Named:
        name, key = case

    assert in_the_words_of(Named(), Named.key) == (written or Named.key)


def changed(**entries):
    content = published()
    content["cifar10"][KEYS[1]].update(entries)
    return content


BAD = {
    "NaN": (changed(val_accuracy=float("nan")), r'\$."cifar10"."\(0, 2, 3, 2, 3, 1\)".val_accuracy is nan'),
    "infinite": (changed(val_accuracy=float("inf")), "val_accuracy is inf"),
    "a text for an accuracy": (changed(val_accuracy="85.98%"), "val_accuracy is a text, not a number"),
    "no accuracy": (changed(val_accuracy=None), "val_accuracy is null, not a number"),
    "a text for a score": (changed(jacov={"score": "high"}), '"jacov".score is a text, not a number'),
    "a flag for a score": (changed(jacov=True), '"jacov" is true, not a number'),
    "a list for a score": (changed(jacov=[1]), '"jacov" is an array'),
    "records are numbers": ({"cifar10": {KEYS[0]: 3}}, "is a number, not an object"),
    "empty": ({}, "holds no data set"),
    "an empty data set": ({"cifar10": {}}, "holds no architecture of cifar10"),
    "cut": (json.dumps(published())[:200], "line 1, column [0-9]+: no whole JSON"),
    "a name twice": ('{"cifar10": {"a": {}, "a": {}}, "val_accuracy": 1}', "'a' stands twice in one object"),
    "nested": ('{"val_accuracy":' * 50_000, "nested too deeply|no whole JSON"),
    "a long number": ('{"val_accuracy":' + "9" * 5000 + "}", "not a readable JSON file"),
}


@pytest.mark.parametrize(("content", "message"), BAD.values(), ids=BAD.keys())
def test_what_is_wrong_is_said_with_its_path(write, content, message):
    path = write(content)
    with pytest.raises(DataError, match=message) as caught:
        read_published(path, ASKED, "suite-zero")
    assert str(caught.value).startswith(str(path))


def test_two_keys_of_one_architecture_are_refused(write):
    content = published()
    content["cifar10"][KEYS[0].replace(" ", "")] = content["cifar10"][KEYS[0]]
    with pytest.raises(DataError, match=r"stands on .* already"):
        table_from_scores(write(content), SPACE)


# --- the real files --------------------------------------------------------------------------------


def test_the_real_file_of_nasbench201(shared, commands, tmp_path):
    path = shared / "suitezero" / "zc_nasbench201.json"
    found = read_published(path, Request(SPACE, scores=True))
    assert len(found.ids) == 724
    (target,) = found.targets
    records = json.loads(path.read_text())["cifar10"]
    known = max(records.values(), key=lambda record: record["val_accuracy"])
    assert found.architectures[int(np.argmax(target.values))] == in_the_words_of(SPACE, known["arch"])
    lacking = {name: int(np.isnan(values).sum()) for name, values in found.scores.items()}
    for name, missing in lacking.items():
        scores = [record.get(name, {}).get("score") for record in records.values()]
        assert missing == sum(s is None or not np.isfinite(s) or s in (-1e8, 1e9, -1e9) for s in scores)
    assert sum(lacking.values()) > 0
    done = commands("table", path, tmp_path / "nb201.npz")
    assert (done.code, done.err) == (0, "")
    assert "missing (" in done.out
    assert "724 architectures" in done.out


def test_scores_are_those_that_others_published_of_the_same_cells(shared):
    """The 13 proxies of all cells come from another file, in the official strings."""
    found = read_published(shared / "suitezero" / "zc_nasbench201.json", Request(SPACE, scores=True))
    folder = shared / "nasbench201"
    table = table_from_scores(
        folder / "suitezero13.csv.gz", SPACE, targets_file=folder / "accuracy.csv.gz", on="index",
        architecture_column="arch_str", targets=["c10_test200"],
    )
    at = {architecture: place for place, architecture in enumerate(table.architectures)}
    common = [(k, at[a]) for k, a in enumerate(found.architectures) if a in at]
    assert len(common) > 300
    here, there = map(list, zip(*common, strict=True))
    np.testing.assert_allclose(found.scores["params"][here], table.values["network.params"][there], rtol=1e-5)
    accuracy, tested = found.targets[0].values[here], table.target().values[there]
    assert kendalltau(accuracy, tested).statistic > 0.8


def test_the_real_file_of_nasbench101_in_the_older_layout(shared):
    path = shared / "suitezero" / "zc_nasbench101_v0.json"
    found = read_published(path, Request(get_space("nasbench101"), scores=True))
    assert len(found.ids) == 200
    assert {"params", "synflow", "snip"} <= set(found.scores)
    records = json.loads(path.read_text())["nasbench101"]["cifar10"]
    best = max(records, key=lambda key: records[key]["val_accuracy"])
    assert found.architectures[int(np.argmax(found.targets[0].values))] == best
    assert table_from_scores(path, get_space("nasbench101")).provenance["dataset"] == "cifar10"


LONG = [
    ("svhn", "nasbench201", {"space": "nasbench201", "task": "svhn"}, "arch", "val_accuracy"),
    ("transbench101_micro", "transnas-micro", {"task": "jigsaw"}, "tnb_str", "val_accuracy"),
    ("transbench101_macro", "transnas-macro", {"task": "jigsaw"}, "tnb_str", "val_accuracy"),
    ("nasbench101", "nasbench101", {}, "architecture", "val_acc108"),
]


@pytest.mark.parametrize(("name", "space", "where", "column", "target"), LONG, ids=[c[0] for c in LONG])
def test_long_tables_are_read_by_task(shared, name, space, where, column, target):
    table = table_from_scores(
        shared / "suitezero" / f"{name}.csv.gz", get_space(space), targets=[target], where=where,
        architecture_column=column,
    )
    assert len(table) > 100
    assert len(table.target().values) == len(table)
    if name.startswith("trans"):
        missing = int(np.isnan(table.values["network.epe_nas"]).sum())
        assert missing > 100
        expected = f"epe_nas: {missing} of {len(table)} missing ({missing} of -1e+08)"
        assert expected in table.provenance["notes"]


def test_the_space_texts_takes_keys_as_they_are(write):
    assert read_published(write(published()), Request(Texts())).architectures == tuple(KEYS)
