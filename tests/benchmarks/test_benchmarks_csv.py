"""CSV files of targets and published scores: what is read, and how a bad file is refused."""

import gzip

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evozc.benchmarks import read_targets, table_from_scores
from evozc.benchmarks.readers import read_rows
from evozc.errors import DataError
from evozc.formula import parse
from evozc.spaces import NasBench201, get_space
from primitives import SCALAR

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
        (GOOD.replace(",", ";"), "semicolons.csv"),
        (GOOD.replace(",", "\t"), "tabs.tsv"),
        (GOOD.replace(",", ";").replace("93.5", "93,5"), "decimal-commas.csv"),
        (GOOD.replace(",", ";").replace("93.5", '"93,5"').replace("\n", "\r\n"), "quoted-decimal-commas.csv"),
        (GOOD + "\n\n", "blank-last-lines.csv"),
        (GOOD + ",\n", "empty-last-row.csv"),
        (GOOD.replace(",", " , "), "blanks.csv"),
        ("".join(map("{},{}\n".format, ["", 0, 1, 2], GOOD.splitlines())), "index.csv"),
    ],
)
def test_targets_are_read_in_the_order_of_the_file(write, content, name):
    published = read_targets(write(content, name), SPACE)
    assert published.architectures == (A, B, C)
    (target,) = published.targets
    assert target.name == "accuracy"
    assert list(target.values) == [93.5, 10.0, -0.001]


def test_a_file_of_architectures_alone_has_no_target(write):
    published = read_targets(write(f"architecture\n{A}\n{B}\n"), SPACE)
    assert (published.architectures, published.targets) == ((A, B), ())


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
    "underscores": (GOOD.replace("93.5", "9_1"), "line 2: .*'9_1', which is no number; take out the under"),
    "full-width digits": (GOOD.replace("93.5", "\uff19\uff13"), "line 2: .*write it in ASCII digits"),
    "percent": (GOOD.replace("93.5", "85.98%"), "line 2: .*'85.98%', which is no number; take off the"),
    "thousands": (GOOD.replace("93.5", '"42,027.49"'), "line 2: .*'42,027.49', .*write it without marks"),
    "points as thousands": (GOOD.replace("93.5", "1.234.567"), "line 2: .*write it without marks between"),
    "mixed decimals": (
        GOOD.replace(",", ";").replace("93.5", "93,5").replace(";10", ";10.5"),
        "decimal commas and points are mixed .line 2, column 'accuracy': '93,5'; line 3, .*'10.5'.",
    ),
    "a sentinel": (GOOD.replace("93.5", "-1e8"), "line 2: .*-1e8, which stands for a value that could"),
    "not available": (GOOD.replace("93.5", "N/A"), "line 2: column 'accuracy' is N/A"),
    "hexadecimal": (GOOD.replace("93.5", "0x1p3"), "line 2: .*no number"),
    "open quote": (GOOD + '"', "not a readable CSV"),
    "latin-1": (GOOD.replace("93.5", "größer").encode("latin-1"), "not a readable CSV"),
    "utf-16": (GOOD.encode("utf-16"), "not a readable CSV.*it is UTF-16, save it as UTF-8"),
    "html": ("<!DOCTYPE html>\n<html>\n", "a web page, not the file"),
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


@pytest.mark.parametrize("name", ["", "Unnamed: 0"])
def test_pandas_numbers_of_rows_are_no_score(write, name):
    lines = [f"{name},architecture,accuracy,zen", f"0,{A},1,5", f"1,{B},2,6"]
    table = table_from_scores(write("\n".join(lines)), SPACE)
    assert list(table.values) == ["network.zen"]
    assert table.provenance["notes"] == ["the first column numbers the rows and is left out"]
    with pytest.raises(DataError, match="line 1 must name every column"):
        table_from_scores(write("\n".join(lines).replace("0,", "x,").replace("Unnamed: x", "")), SPACE)


def test_scores_that_are_missing_are_counted_by_how(write):
    lines = [
        "architecture,accuracy,zen,jacov,all", f"{A},1,N/A,-1e8,-1e9", f"{B},2,-Infinity,-100000000.0,1e9",
        f"{C},3,0.5,-32,nan",
    ]
    table = table_from_scores(write("\n".join(lines)), SPACE)
    np.testing.assert_array_equal(table.values["network.zen"], [np.nan, np.nan, 0.5])
    np.testing.assert_array_equal(table.values["network.jacov"], [np.nan, np.nan, -32])
    assert table.provenance["notes"] == [
        "zen: 2 of 3 missing (1 empty or not a number, 1 infinite)", "jacov: 2 of 3 missing (2 of -1e+08)",
        "all: 3 of 3 missing (1 empty or not a number, 1 of -1e+09, 1 of 1e+09)",
    ]


def test_decimal_commas_are_said(write):
    content = f"architecture;accuracy;zen\n{A};1,5;1,234\n{B};2;-2e3\n"
    table = table_from_scores(write(content), SPACE)
    np.testing.assert_array_equal(table.values["network.zen"], [1.234, -2000])
    assert table.target().values.tolist() == [1.5, 2]
    assert table.provenance["notes"] == ["decimal commas are read as such: 93,5 is 93.5"]


def test_columns_of_text_are_left_out_by_name(write):
    path = write(f"architecture,accuracy,note,zen\n{A},1,first,2\n{B},2,second,3\n")
    with pytest.raises(DataError, match="line 2: column 'note' holds 'first', which is no number; leave col"):
        table_from_scores(path, SPACE)
    assert list(table_from_scores(path, SPACE, without=["note"]).values) == ["network.zen"]
    mostly = write(f"architecture,accuracy,zen\n{A},1,2\n{B},2,3%\n")
    with pytest.raises(DataError, match="line 3: column 'zen' holds '3%', which is no number; take off"):
        table_from_scores(mostly, SPACE)


def test_tuples_in_quotes_are_put_in_the_words_of_the_space(write):
    path = write('arch,accuracy\n"(4, 0, 3, 1, 4, 3)",90\n"[0, 2, 3, 2, 3, 1]", 91\n')
    found = read_targets(path, SPACE, architecture_column="arch", targets=["accuracy"])
    assert found.architectures[0] == (
        "|avg_pool_3x3~0|+|skip_connect~0|none~1|+|nor_conv_1x1~0|avg_pool_3x3~1|nor_conv_1x1~2|"
    )
    assert len(found.architectures) == 2


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
    assert list(table.values) == ['network."Grad-Norm"', "network.2nd", "network.empty"]
    np.testing.assert_array_equal(table.values['network."Grad-Norm"'], [1.5, np.nan])
    np.testing.assert_array_equal(table.values["network.2nd"], [7, 8])
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
    "a name with quotes": (f'architecture,"a""b"\n{A},1\n', GOOD, r"scores\.csv: score 'a\"b'"),
    "a name that is too long": (f"architecture,{'a' * 101}\n{A},1\n", GOOD, "rename the column"),
    "a name with an escape": (f"architecture,a\x1b\n{A},1\n", GOOD, "score 'a.x1b'"),
    "no number": (SCORES.replace(",2", ",two"), GOOD, r"scores\.csv: line 3: column 'zen' holds 'two'"),
    "target not finite": (SCORES, GOOD.replace("93.5", "nan"), r"targets\.csv: line 2: column 'accuracy'"),
    "unknown architecture": ("architecture,zen\nvgg,1\n", "architecture,accuracy\nvgg,1\n",
                             r"targets\.csv: line 2: architecture 'vgg'"),
}


@pytest.mark.parametrize(("scores", "targets", "message"), PAIRS.values(), ids=PAIRS.keys())
def test_files_that_cannot_be_joined_are_refused(write, scores, targets, message):
    with pytest.raises(DataError, match=message):
        table_from_scores(write(scores, "scores.csv"), SPACE, targets_file=write(targets, "targets.csv"))


def test_rows_of_one_architecture_are_averaged_if_asked_for(write, commands, tmp_path):
    rows = [f"{A},90,1,2", f"{B},80,3,4", f"{A},92,5,", f"{A},97,,"]
    path = write("\n".join(["architecture,accuracy,synflow,jacov", *rows]) + "\n")
    with pytest.raises(DataError, match=r"line 4: .* stands on line 2 already"):
        table_from_scores(path, SPACE)
    table = table_from_scores(path, SPACE, average=True)
    assert table.architectures == (A, B)
    assert table.target().values.tolist() == [93, 80]
    assert table.values["network.synflow"].tolist() == [3, 3]
    assert table.values["network.jacov"].tolist() == [2, 4]
    assert "1 architectures stand in several rows, and have the mean of these" in table.provenance["notes"]
    done = commands("table", path, tmp_path / "t.npz", "--average", "--target", "accuracy")
    assert (done.code, done.err) == (0, "")
    assert "have the mean of these" in done.out


def test_recipes_of_flexibert_that_were_trained_twice_are_averaged(shared):
    path = shared / "flexibert" / "sample.csv.gz"
    space = get_space("flexibert")
    with pytest.raises(DataError, match=r"line 112: .* stands on line 30 already"):
        read_targets(path, space, targets=["glue"])
    published = read_targets(path, space, targets=["glue"], average=True)
    assert len(published.architectures) == len(set(published.architectures)) < 250


def test_columns_that_differ_in_a_sign_or_in_another_script_are_two(write):
    scores = write(f"architecture,accuracy,grad-norm,grad norm,精度,速度\n{A},90,1,2,3,4\n", "names.csv")
    table = table_from_scores(scores, SPACE)
    assert [values.tolist() for values in table.values.values()] == [[1], [2], [3], [4]]
    for statistic in table.statistics:
        parse(statistic.key, SCALAR.with_statistics(table.statistics))
