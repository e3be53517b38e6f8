"""Files of other kinds are refused with what to do about them, and nothing is written."""

import bz2
import gzip
import io
import pickle
import zipfile

import numpy as np
import pytest
from small_tables import files

from evozc.benchmarks import open_table
from evozc.benchmarks.readers import Request, read_published
from evozc.errors import DataError
from evozc.spaces import NasBench201

REQUEST = Request(NasBench201())
PICKLE = pickle.dumps({"a": 1})


def zipped(name, content=b"x"):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, content)
    return file.getvalue()


def npz():
    file = io.BytesIO()
    np.savez(file, x=np.zeros(3))
    return file.getvalue()


FOREIGN = {
    "NATS-tss-v1_0-3ffb9.pickle.pbz2": (bz2.compress(PICKLE), "from nats_bench import create"),
    "scores.pickle": (PICKLE, "found = pickle.load"),
    "scores.pkl.gz": (gzip.compress(PICKLE), "found = pickle.load"),
    "NAS-Bench-201-v1_1-096897.pth": (PICKLE, "from nas_201_api import NASBench201API"),
    "model.pt": (zipped("archive/data.pkl", PICKLE), "a pickle, which can run any code"),
    "scores.csv.zip": (zipped("scores.csv"), "a zip archive; unpack it and name the file within"),
    "scores.xlsx": (zipped("xl/workbook.xml"), "a spreadsheet; save its sheet as CSV"),
    "table.npz": (npz(), "an npz archive, as evozc's own tables are: evozc search"),
    "scores.bz2": (bz2.compress(b"a,b\n1,2\n"), "compressed by bzip2; unpack it first"),
    "scores.xz": (b"\xfd7zXZ\x00" + bytes(20), "compressed by xz"),
    "scores.h5": (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    "scores.csv": ("architecture,accuracy\n".encode("utf-16"), "it is UTF-16, save it as UTF-8"),
    "zc_nasbench201.json": (b"<!DOCTYPE html><html>quota exceeded</html>", "a web page, not the file"),
    "other.json": (b'{"scores": [1, 2, 3]}', "JSON of no known layout"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_foreign_file_is_refused_with_what_to_do(tmp_path, name):
    content, message = FOREIGN[name]
    path = tmp_path / name
    path.write_bytes(content)
    before = files(tmp_path)
    with pytest.raises(DataError) as caught:
        read_published(path, REQUEST)
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)
    assert files(tmp_path) == before


def test_a_folder_of_nats_bench_is_refused_with_the_lines_that_convert_it(tmp_path):
    (tmp_path / "meta.pickle.pbz2").write_bytes(bz2.compress(PICKLE))
    with pytest.raises(DataError, match="fast_mode=True") as caught:
        read_published(tmp_path, REQUEST)
    lines = str(caught.value).split("\n\n")[1]
    compile(lines, "lines", "exec")  # they are Python; running them needs the publisher's package


@pytest.mark.parametrize("name", [n for n in FOREIGN if "pickle" in FOREIGN[n][1] or "api" in FOREIGN[n][1]])
def test_the_lines_that_convert_a_pickle_are_python(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(FOREIGN[name][0])
    with pytest.raises(DataError) as caught:
        read_published(path, REQUEST)
    compile(str(caught.value).split("\n\n")[1], "lines", "exec")


@pytest.mark.parametrize("name", ["scores.csv", "scores.csv.gz", "zc_nasbench201.json", "scores.txt"])
def test_a_file_of_scores_given_to_search_points_to_evozc_table(tmp_path, commands, name):
    path = tmp_path / name
    content = b"architecture,accuracy\na,1\n" if "json" not in name else b'{"cifar10": {}}'
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    with pytest.raises(DataError, match=r"make one of it first: evozc table .* table.npz") as caught:
        open_table(str(path))
    assert str(path) in str(caught.value)
    done = commands("search", path, "--run", tmp_path / "run")
    assert (done.code, done.out) == (3, "")
    assert "evozc table" in done.err
    assert not (tmp_path / "run").exists()
