"""NAS-Bench-101's tfrecord, written here by the formats' own descriptions."""

import base64
import json
import struct

import numpy as np
import pytest
from space_checks import published_rows

from evozc.benchmarks import table_from_scores
from evozc.benchmarks.readers import READERS, Request, Wanted, read_published
from evozc.benchmarks.readers._crc32c import crc32c, masked_crc32c
from evozc.errors import ConfigError, DataError
from evozc.spaces import get_space
from evozc.testing import check_reader

SPACE = get_space("nasbench101")
CELLS = [("0100" + "0010" + "0001" + "0000", f"input,{a},{b},output")
         for a, b in (("conv3x3-bn-relu", "maxpool3x3"), ("conv3x3-bn-relu", "conv3x3-bn-relu"),
                      ("maxpool3x3", "maxpool3x3"))]
ASKED = Request(SPACE, scores=True)


def varint(value):
    parts = []
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])


def metrics(accuracies, parameters, seconds=100.0):
    """A ModelMetrics message: three evaluations, the last one of which counts."""
    message = b""
    for share in (0.1, 0.5, 1.0):
        train, valid, test = accuracies
        values = [number * share for number in (108, seconds, train, valid, test)]
        evaluation = b"".join(bytes([k << 3 | 1]) + struct.pack("<d", v) for k, v in enumerate(values, 1))
        evaluation += bytes([6 << 3 | 2]) + varint(4) + b"path"
        message += bytes([1 << 3 | 2]) + varint(len(evaluation)) + evaluation
    return message + bytes([2 << 3]) + varint(parameters) + bytes([3 << 3 | 1]) + struct.pack("<d", 1.0)


def row(cell, epochs, accuracies, parameters=2_000_000):
    bits, operations = cell
    text = base64.b64encode(metrics(accuracies, parameters)).decode()
    return json.dumps([f"{hash(cell):x}", epochs, bits, operations, text]).encode()


def slow_crc(content):
    """CRC-32C bit by bit."""
    value = 0xFFFFFFFF
    for byte in content:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    return value ^ 0xFFFFFFFF


def framed(content):
    def masked(part):
        value = slow_crc(part)
        return struct.pack("<I", ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF)

    length = struct.pack("<Q", len(content))
    return length + masked(length) + content + masked(content)


ROWS = [
    row(CELLS[0], 108, (1.0, 0.90, 0.89)), row(CELLS[1], 108, (1.0, 0.95, 0.94), 3_000_000),
    row(CELLS[0], 12, (0.9, 0.7, 0.6)), row(CELLS[0], 108, (1.0, 0.92, 0.91)),
    row(CELLS[2], 108, (0.5, 0.4, 0.3), 900_000), row(CELLS[1], 108, (1.0, 0.95, 0.96), 3_000_000),
]


@pytest.fixture
def write(tmp_path):
    def write(rows, name="nasbench.tfrecord"):
        path = tmp_path / name
        path.write_bytes(b"".join(map(framed, rows)) if isinstance(rows, list) else rows)
        return path

    return write


@pytest.mark.parametrize("content", [b"", b"a", b"123456789", bytes(range(256)) * 3])
def test_the_checksum_is_crc_32c(content):
    assert crc32c(content) == slow_crc(content)
    assert crc32c(b"123456789") == 0xE3069283  # the check value of its catalogue


def test_the_checksum_is_masked_as_tfrecord_masks_it():
    assert masked_crc32c(b"") == 0xA282EAD8


def test_runs_of_a_cell_are_averaged(write, tmp_path):
    folder = tmp_path / "damaged"
    folder.mkdir()
    path = write(ROWS)
    best = f"{CELLS[1][0]}:{CELLS[1][1].replace(',', '|')}"
    reader = READERS.get("nasbench101-tfrecord")
    found = check_reader(reader, path, ASKED, folder=folder, best=best, damages=150)
    assert read_published(path, ASKED).ids == found.ids
    (target,) = found.targets
    assert (target.name, target.unit, target.higher_is_better) == ("test_accuracy", "%", True)
    np.testing.assert_allclose(target.values, [90, 95, 30])
    assert found.scores["params"].tolist() == [2e6, 3e6, 9e5]
    assert found.places[1].startswith("record 1 (byte ")
    asked = (Wanted("validation_accuracy"), Wanted("training_time"))
    validated, seconds = read_published(path, Request(SPACE, asked)).targets
    np.testing.assert_allclose(validated.values, [91, 95, 40])
    assert (seconds.unit, seconds.higher_is_better, seconds.values.tolist()) == ("s", False, [100, 100, 100])


def test_runs_of_fewer_epochs_are_asked_for(write):
    path = write(ROWS)
    found = read_published(path, Request(SPACE, where={"epochs": "12"}))
    assert (len(found.ids), found.provenance["epochs"]) == (1, 12)
    with pytest.raises(DataError, match="no run of 36 epochs; it holds runs of 12, 108"):
        read_published(path, Request(SPACE, where={"epochs": "36"}))
    with pytest.raises(ConfigError, match="chosen by epochs, not by seed"):
        read_published(path, Request(SPACE, where={"seed": "1"}))


def test_real_cells_survive_the_way_through_the_format(shared, write):
    rows = published_rows(shared, "nasbench101/sample")[:60]
    names = [name for name in rows[0] if name.startswith("test")]
    content = [
        row((r["matrix"], r["ops"].replace("|", ",")), 108, (1.0, 0.5, float(r[name]) / 100))
        for r in rows for name in names
    ]
    table = table_from_scores(write(content), SPACE)
    assert len(table) == 60
    expected = [np.mean([float(r[name]) for name in names]) for r in rows]
    np.testing.assert_allclose(table.target().values, expected, rtol=1e-9)
    assert table.architectures[int(np.argmax(expected))] == SPACE.from_columns(rows[int(np.argmax(expected))])


WHOLE = b"".join(map(framed, ROWS))
BAD = {
    "cut in a record": (WHOLE[:-10], r"record 5 \(byte [0-9]+\): [0-9]+ of [0-9]+ bytes are there"),
    "cut in a head": (WHOLE + b"\x01\x02", r"record 6 .*: ends in its head; the file is cut"),
    "a flipped byte": (WHOLE[:40] + bytes([WHOLE[40] ^ 1]) + WHOLE[41:], "record 0 .*does not match its ch"),
    "a flipped length": (bytes([WHOLE[0] ^ 1]) + WHOLE[1:], "record 0 .*: no head of a tfrecord"),
    "empty": (b"", "no run of 108 epochs; it holds runs of none"),
    "another row": ([b'["a", 108, "01", "input,output"]'], "record 0 .*: no row of NAS-Bench-101"),
    "no JSON": ([b"abc"], "no row of NAS-Bench-101"),
    "epochs that are none": ([ROWS[0].replace(b"108", b'"108"')], "no row of NAS-Bench-101"),
    "metrics that are none": ([json.dumps(["h", 108, *CELLS[0], "AAAA"]).encode()], "its metrics are none"),
    "no base 64": ([json.dumps(["h", 108, *CELLS[0], "?!"]).encode()], "no row of NAS-Bench-101"),
    "NaN": ([row(CELLS[0], 108, (1.0, 0.5, float("nan")))], "every run needs finite metrics"),
}


@pytest.mark.parametrize(("content", "message"), BAD.values(), ids=BAD.keys())
def test_what_is_wrong_is_said_with_its_place(write, content, message):
    path = write(content)
    with pytest.raises(DataError, match=message) as caught:
        read_published(path, ASKED)
    assert str(caught.value).startswith(str(path))


def test_another_target_is_refused(write):
    with pytest.raises(DataError, match="no target 'loss'; files of this format hold test_accuracy, valid"):
        read_published(write(ROWS), Request(SPACE, (Wanted("loss", False),)))
