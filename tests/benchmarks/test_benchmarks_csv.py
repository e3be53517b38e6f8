"""CSV files of targets and published scores: what is read, and how a bad file is refused."""

import gzip

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evozc.benchmarks import read_targets, table_from_scores
from evozc.benchmarks.readers import read_rows
from evozc.errors import DataError
from evozc.spaces import NasBench201

SPACE = NasBench201()


def cell(*names):
    return SPACE.format((*names, *["none"] * (6 - len(names))))


A, B, C = cell("skip_connect"), cell("nor_conv_1x1"), cell("nor_conv_3x3")
GOOD = f"architecture,accuracy\n{A},93.5\n{B},10\n{C},-1e-3\n"


@pytest.fixture
def write(tmp_path):
    def write(content, name="targets.csv"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (GOOD, "plain.csv"),
        (GOOD.rstrip("\n"), "no-last-newline.csv"),
        (GOOD.replace("\n", "\r\n"), "crlf.csv"),
        ("\ufeff" + GOOD, "bom.csv"),
        ("\ufeff" + GOOD.replace("\n", "\r\n"), "excel.csv"),
        (GOOD.replace("93.5", '" 93.5 "'), "quoted.csv"),
        (gzip.compress(GOOD.encode()), "packed.csv.gz"),
    ],
)
def test_targets_are_read_in_the_order_of_the_file(write, content, name):
    published = read_targets(write(content, name), SPACE)
    assert published.architectures == (A, B, C)
    (target,) = published.targets
    assert target.name == "accuracy"
    assert list(target.values) == [93.5, 10.0, -0.001]


def test_named_columns_are_read_and_others_left_alone(write):
    path = write(f"arch,seed,loss,top1\n{A},x,0.5,93\n{B},y,0.25,94\n")
    published = read_targets(path, SPACE, architecture_column="arch", targets=["top1:higher:%", "loss:lower"])
    assert published.architectures == (A, B)
    assert {t.name: list(t.values) for t in published.targets} == {"top1": [93, 94], "loss": [0.5, 0.25]}
    assert [(t.unit, t.higher_is_better) for t in published.targets] == [("%", True), ("", False)]


BAD = {
    "empty file": ("", "line 1 must name every column"),
    "blank first line": ("\n" + GOOD, "line 1"),
    "header alone": ("architecture,accuracy\n", "no rows"),
    "no accuracy": (f"architecture,acc\n{A},1\n", "no column 'accuracy'; the header names architecture, acc"),
    "no architecture": (f"arch,accuracy\n{A},1\n", "no column 'architecture'"),
    "extra column": (f"architecture,accuracy,loss\n{A},1,2\n", "unexpected column 'loss'"),
    "column twice": (f"architecture,accuracy,accuracy\n{A},1,2\n", "each name once"),
    "nameless column": (f"architecture,accuracy,\n{A},1,\n", "line 1 must name"),
    "architecture twice": (GOOD + f"{A},1\n", "line 5: .* stands on line 2 already"),
    "unknown operation": (
        GOOD.replace("nor_conv_1x1", "nor_conv_1x2"), "line 3: .*did you mean 'nor_conv_1x1'",
    ),
    "no architecture text": (GOOD.replace(B, "resnet18"), "line 3: .*not of NAS-Bench-201"),
    "NaN": (GOOD.replace("93.5", "nan"), "line 2: column 'accuracy' is nan"),
    "infinite": (GOOD.replace("93.5", "-inf"), "line 2: column 'accuracy' is -inf"),
    "overflow": (GOOD.replace("93.5", "1e999"), "line 2: .*finite"),
    "missing value": (GOOD.replace("93.5", ""), "line 2: .*is empty"),
    "no number": (GOOD.replace("93.5", "high"), "line 2: .*'high', which is no number"),
    "decimal comma": (GOOD.replace("93.5", "93,5"), "line 2 has 3 cells"),
    "quoted comma": (GOOD.replace("93.5", '"93,5"'), "line 2: .*'93,5', which is no number"),
    "ragged row": (GOOD + A.replace("skip", "none") + "\n", "line 5 has 1 cells"),
    "semicolons": (GOOD.replace(",", ";"), "no column 'architecture'"),
    "open quote": (GOOD + '"', "not a readable CSV"),
    "latin-1": (GOOD.replace("93.5", "größer").encode("latin-1"), "not a readable CSV"),
    "utf-16": (GOOD.encode("utf-16"), "not a readable CSV"),
    "html": ("<!DOCTYPE html>\n<html>\n", "no column"),
}


@pytest.mark.parametrize(("content", "message"), BAD.values(), ids=BAD.keys())
def test_a_bad_file_is_refused_with_the_place(write, content, message):
    path = write(content)
    with pytest.raises(DataError, match=message) as caught:
        read_targets(path, SPACE)
    assert str(caught.value).startswith(str(path))


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_targets(tmp_path / "none.csv", SPACE)
    with pytest.raises(DataError, match="not a readable CSV"):
        read_targets(tmp_path, SPACE)


def test_damaged_compression_is_refused(write):
    whole = gzip.compress(GOOD.encode(), mtime=0)
    for length in range(len(whole)):
        with pytest.raises(DataError):
            read_targets(write(whole[:length], "cut.csv.gz"), SPACE)
    for position in range(10, len(whole)):  # after gzip's own header
        flipped = bytearray(whole)
        flipped[position] ^= 0xFF
        with pytest.raises(DataError):
            read_targets(write(bytes(flipped), "flipped.csv.gz"), SPACE)
    with pytest.raises(DataError):
        read_targets(write(GOOD, "plain.csv.gz"), SPACE)


@given(st.binary(max_size=200) | st.text("architecure,y\n\r\"|+~0;none\x00\ufeff").map(str.encode))
def test_any_bytes_give_rows_or_a_data_error(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "bytes.csv"
    path.write_bytes(content)
    try:
        rows = read_rows(path)
    except DataError:
        return
    assert rows
    assert all(row.keys() == rows[0].keys() for row in rows)


# --- published scores ------------------------------------------------------------------------------


def test_the_published_proxies_become_a_table(shared):
    folder = shared / "nasbench201"
    table = table_from_scores(
        folder / "suitezero13.csv.gz", SPACE, targets_file=folder / "accuracy.csv.gz",
        on="index", architecture_column="arch_str", targets=["c10_test200"],
    )
    assert len(table) == 9_445
    assert [s.name for s in table.statistics] == [
        "epe_nas", "fisher", "flops", "grad_norm", "grasp", "jacov", "l2_norm", "nwot", "params", "plain",
        "snip", "synflow", "zen"]
    rows = {row["index"]: row for row in read_rows(folder / "accuracy.csv.gz")}
    for k, row in list(enumerate(read_rows(folder / "suitezero13.csv.gz")))[::977]:
        assert table.architectures[k] == rows[row["index"]]["arch_str"]
        assert table.target().values[k] == float(rows[row["index"]]["c10_test200"])
        assert table.values["network.zen"][k] == float(row["zen"])
    order = table.target().values[: 9_445 : 9]
    scores = table.values["network.nwot"][: 9_445 : 9]
    agreement = np.sign(np.subtract.outer(order, order)) * np.sign(np.subtract.outer(scores, scores))
    assert agreement.mean() == pytest.approx(0.623, abs=0.03)  # Kendall tau as the publishers give it


def test_scores_and_targets_are_joined_by_the_named_column(write):
    scores = write("id,Grad-Norm,2nd,empty\n3,1.5,7,\n1,nan,8,inf\n9,0,0,0\n", "scores.csv")
    targets = write(f"id,arch,top1,seed\n1,{A},90,s\n2,{B},91,s\n3,{C},92,s\n", "targets.csv")
    table = table_from_scores(
        scores, SPACE, targets_file=targets, on="id", architecture_column="arch", targets=["top1"]
    )
    assert table.architectures == (C, A)
    assert table.keys == (SPACE.canonical_key(C), SPACE.canonical_key(A))
    assert list(table.values) == ["network.grad_norm", "network.s_2nd", "network.empty"]
    np.testing.assert_array_equal(table.values["network.grad_norm"], [1.5, np.nan])
    np.testing.assert_array_equal(table.values["network.s_2nd"], [7, 8])
    assert np.isnan(table.values["network.empty"]).all()
    assert list(table.target().values) == [92, 90]


def test_scores_and_targets_may_stand_in_one_file(write):
    path = write(f"architecture,accuracy,synflow\n{A},1,10\n{B},2,20\n")
    table = table_from_scores(path, SPACE)
    assert list(table.values["network.synflow"]) == [10, 20]
    assert list(table.values) == ["network.synflow"]


SCORES = f"architecture,zen\n{A},1\n{B},2\n"
PAIRS = {
    "no column to join on": (f"arch,zen\n{A},1\n", GOOD, r"scores\.csv: no column 'architecture'"),
    "no target": (SCORES, f"architecture,acc\n{A},1\n", r"targets\.csv: no column 'accuracy'"),
    "nothing in common": (SCORES, f"architecture,accuracy\n{C},1\n", "share no value"),
    "target rows twice": (SCORES, GOOD + f"{A},1\n", "repeats a value"),
    "score rows twice": (SCORES + f"{A},3\n", GOOD, "several of the matched rows"),
    "columns of one identifier": (f"architecture,a b,a_b\n{A},1,2\n", GOOD, "same name"),
    "no number": (SCORES.replace(",2", ",two"), GOOD, r"scores\.csv: line 3: column 'zen' holds 'two'"),
    "target not finite": (SCORES, GOOD.replace("93.5", "nan"), r"targets\.csv: line 2: column 'accuracy'"),
    "unknown architecture": ("architecture,zen\nvgg,1\n", "architecture,accuracy\nvgg,1\n",
                             r"targets\.csv: line 2: architecture 'vgg'"),
}


@pytest.mark.parametrize(("scores", "targets", "message"), PAIRS.values(), ids=PAIRS.keys())
def test_files_that_cannot_be_joined_are_refused(write, scores, targets, message):
    with pytest.raises(DataError, match=message):
        table_from_scores(write(scores, "scores.csv"), SPACE, targets_file=write(targets, "targets.csv"))
