"""Parquet files are read as CSV files of the same columns."""

import sys

import numpy as np
import pytest

from evozc.benchmarks.readers import READERS, Request, Wanted, read_published
from evozc.errors import DataError
from evozc.spaces import Texts, get_space
from evozc.testing import check_reader

COLUMNS = {
    "architecture": ["a", "b", "c"], "accuracy": [90.25, 92.5, 91.0], "params": [1, 2, 3],
    "zen": [1.5, None, float("-inf")], "jacov": [-1e8, 0.1, 0.2], "note": ["x", None, "y"],
}
ASKED = Request(Texts(), (Wanted("accuracy"),), scores=True, without=("note",))


@pytest.fixture
def write(tmp_path):
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")

    def write(columns):
        path = tmp_path / "scores.parquet"
        parquet.write_table(pa.table(columns), path)
        return path

    return write


def test_a_parquet_file_keeps_the_protocol(write, tmp_path):
    folder = tmp_path / "damaged"
    folder.mkdir()
    path = write(COLUMNS)
    found = check_reader(READERS.get("parquet"), path, ASKED, folder=folder, best="b", damages=150)
    assert read_published(path, ASKED).ids == found.ids == ("a", "b", "c")
    assert found.places[1] == "row 1"
    np.testing.assert_array_equal(found.scores["zen"], [1.5, np.nan, np.nan])
    np.testing.assert_array_equal(found.scores["jacov"], [np.nan, 0.1, 0.2])
    assert found.notes == (
        "zen: 2 of 3 missing (1 empty or not a number, 1 infinite)", "jacov: 1 of 3 missing (1 of -1e+08)"
    )


def test_numbers_keep_all_their_digits_and_lists_are_read_as_texts(write):
    space = get_space("autoformer")
    layers = 12
    values = np.random.default_rng(0).normal(90, 1, 3)
    columns = {
        "depth": [layers] * 3, "embed_dim": [192, 216, 240], "mlp_ratio": [[3.5] * layers] * 3,
        "num_heads": [[3] * layers] * 3, "accuracy": values,
    }
    found = read_published(write(columns), Request(space))
    assert found.targets[0].values.tolist() == values.tolist()
    assert found.architectures[1] == (
        f"embed_dim=216 mlp_ratio={','.join(['3.5'] * layers)} num_heads={','.join(['3'] * layers)}"
    )


@pytest.mark.parametrize(
    ("columns", "message"),
    [({**COLUMNS, "accuracy": [1.0, None, 2.0]}, "row 1: column 'accuracy' is empty"),
     ({**COLUMNS, "accuracy": [1.0, float("nan"), 2.0]}, "row 1: column 'accuracy' is nan"),
     ({**COLUMNS, "accuracy": ["1", "85.98%", "2"]}, "row 1: .*'85.98%', which is no number; take off"),
     ({**COLUMNS, "accuracy": [True, False, True]}, "row 0: .*'True', which is no number"),
     ({name: values[:0] for name, values in COLUMNS.items()}, "holds no rows")],
)
def test_what_is_wrong_is_said_with_its_row(write, columns, message):
    path = write(columns)
    with pytest.raises(DataError, match=message) as caught:
        read_published(path, ASKED)
    assert str(caught.value).startswith(str(path))


def test_without_pyarrow_it_says_what_to_install(tmp_path, monkeypatch):
    path = tmp_path / "scores.parquet"
    path.write_bytes(b"PAR1" + bytes(20))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(DataError, match=r"install it \(pip install 'evozc\[parquet\]'\)"):
        read_published(path, ASKED)
