"""Tables on disk: what is saved is loaded, and what anybody has tampered with is refused."""

import io
import json
import os
import pickle
import random
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evozc.errors import DataError
from evozc.table import load_table, save_table


@pytest.fixture(scope="module")
def small(table):
    return table.select(range(6)).with_targets(table.select(range(6)).targets.values(), np.arange(6) < 3)


@pytest.fixture(scope="module")
def content(small, tmp_path_factory):
    path = tmp_path_factory.mktemp("store") / "small.npz"
    save_table(small, path)
    return path.read_bytes()


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("scratch") / "table.npz"


def members(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(parts, compression=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return buffer.getvalue()


def npy(array, **options):
    buffer = io.BytesIO()
    np.save(buffer, array, **options)
    return buffer.getvalue()


def header_of(content):
    return json.loads(np.load(io.BytesIO(members(content)["header.npy"]), allow_pickle=False).tobytes())


def with_header(content, text):
    text = text if isinstance(text, bytes) else json.dumps(text).encode()
    return packed({**members(content), "header.npy": npy(np.frombuffer(text, dtype=np.uint8))})


def refusal(scratch, content):
    scratch.write_bytes(content)
    with pytest.raises(DataError) as caught:
        load_table(scratch)
    assert str(scratch) in str(caught.value)
    return str(caught.value)


# --- there and back --------------------------------------------------------------------------------


@pytest.mark.parametrize("train", [None, "some"])
def test_a_float64_table_comes_back_bit_by_bit(table, tmp_path, train):
    if train:
        table = table.with_targets(table.targets.values(), np.arange(len(table)) % 3 == 0)
    save_table(table, tmp_path / "t.npz")
    back = load_table(tmp_path / "t.npz")
    assert back.content_hash == table.content_hash
    assert back.architectures == table.architectures
    assert back.keys == table.keys
    assert back.statistics == table.statistics
    assert back.provenance == table.provenance
    for key, values in table.values.items():
        np.testing.assert_array_equal(back.values[key], values)
    for node_set, offsets in table.offsets.items():
        np.testing.assert_array_equal(back.offsets[node_set], offsets)
    for name, target in table.targets.items():
        np.testing.assert_array_equal(back.targets[name].values, target.values)
        assert {**vars(back.targets[name]), "values": 0} == {**vars(target), "values": 0}
    assert (back.train is None) == (train is None)
    np.testing.assert_array_equal(back.train, table.train)
    with pytest.raises(ValueError, match="read-only"):
        back.values["network.params"][0] = 1.0


def test_a_float32_table_comes_back_rounded(table, tmp_path):
    save_table(table, tmp_path / "t.npz", dtype="float32")
    back = load_table(tmp_path / "t.npz")
    for key, values in table.values.items():
        np.testing.assert_array_equal(back.values[key], values.astype(np.float32).astype(np.float64))
    np.testing.assert_array_equal(back.targets["loss"].values, table.targets["loss"].values)
    assert back.content_hash != table.content_hash
    save_table(back, tmp_path / "again.npz", dtype="float32")
    assert load_table(tmp_path / "again.npz").content_hash == back.content_hash


@pytest.mark.parametrize("value", [1e39, -3.5e38, np.finfo(float).max])
def test_a_value_too_large_for_float32_is_refused_by_name(table, tmp_path, value):
    values = {**table.values, "layer.grad_l2": table.values["layer.grad_l2"].copy()}
    values["layer.grad_l2"][3] = value
    values["network.params"] = np.full(len(table), np.inf)  # infinite already: nothing is lost
    large = replace(table, values=values)
    with pytest.raises(DataError, match=r"layer\.grad_l2 is too large for float32"):
        save_table(large, tmp_path / "t.npz", dtype="float32")
    assert not list(tmp_path.iterdir())
    save_table(large, tmp_path / "t.npz")
    assert load_table(tmp_path / "t.npz").content_hash == large.content_hash


def test_an_existing_output_is_refused_and_left_as_it_was(table, tmp_path):
    (tmp_path / "t.npz").write_bytes(b"precious")
    with pytest.raises(DataError, match="exists already"):
        save_table(table, tmp_path / "t.npz")
    assert (tmp_path / "t.npz").read_bytes() == b"precious"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_that_does_not_exist_is_named(table, tmp_path):
    with pytest.raises(DataError, match=r"nowhere.t\.npz: cannot be written: No such file"):
        save_table(table, tmp_path / "nowhere" / "t.npz")


# --- damage ----------------------------------------------------------------------------------------


def test_a_missing_file_or_a_folder_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"t\.npz: no such file"):
        load_table(tmp_path / "t.npz")
    with pytest.raises(DataError, match="directory"):
        load_table(tmp_path)


def test_a_truncated_file_is_refused_at_every_length(content, scratch):
    lengths = {*range(0, len(content), 23), *range(5), *range(len(content) - 30, len(content))}
    for length in lengths:
        refusal(scratch, content[:length])


def test_a_flipped_byte_is_noticed_or_changes_nothing(content, small, scratch):
    """The zip format repeats names and dates, which nobody reads: those flips alone may load."""
    refused = 0
    positions = range(0, len(content), 5)
    for position in positions:
        damaged = bytearray(content)
        damaged[position] ^= random.Random(position).randrange(1, 256)
        scratch.write_bytes(damaged)
        try:
            back = load_table(scratch)
        except DataError:
            refused += 1
        else:
            assert back.content_hash == small.content_hash
            assert back.provenance == small.provenance
    assert refused > 0.6 * len(positions)


def test_any_compression_method_that_a_flip_can_name_is_refused(content, scratch):
    entry = content.index(b"PK\x01\x02")
    for method in (*range(1, 8), *range(9, 100)):
        damaged = bytearray(content)
        damaged[entry + 10] = damaged[8] = method
        refusal(scratch, damaged)


@pytest.mark.parametrize("compression", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2, zipfile.ZIP_STORED])
def test_damage_under_another_compression_is_refused(content, small, scratch, compression):
    other = packed(members(content), compression)
    scratch.write_bytes(other)
    assert load_table(scratch).content_hash == small.content_hash
    for position in range(50, 140):  # the first member's data, behind its name and compression settings
        damaged = bytearray(other)
        damaged[position] ^= 0xFF
        refusal(scratch, damaged)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(scratch, junk):
    refusal(scratch, junk)


def test_values_changed_with_a_valid_checksum_of_the_archive_are_refused(content, scratch):
    for name, part in members(content).items():
        if name != "header.npy":
            changed = np.load(io.BytesIO(part), allow_pickle=False).copy()
            if not changed.size:
                continue
            changed[-1] = not changed[-1] if changed.dtype == bool else changed[-1] + 1
            refusal(scratch, packed({**members(content), name: npy(changed)}))


def test_a_missing_member_is_refused(content, scratch):
    for name in members(content):
        refusal(scratch, packed({k: v for k, v in members(content).items() if k != name}))


# --- malice ----------------------------------------------------------------------------------------


class Canary:
    """Creates a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_a_pickle_anywhere_is_refused_and_never_executed(content, scratch, tmp_path):
    canary = tmp_path / "canary"
    objects = np.array([Canary(canary), None], dtype=object)
    raw = pickle.dumps(Canary(canary))
    attacks = [raw, npy(objects, allow_pickle=True)]
    for name in [*members(content), "values/layer.evil.npy"]:
        attacks += [packed({**members(content), name: payload}) for payload in (raw, attacks[1])]
    for attack in attacks:
        refusal(scratch, attack)
        assert not canary.exists()
    pickle.loads(raw)
    assert canary.exists()  # the attack itself works


@pytest.mark.parametrize(
    "text",
    ["{", "(((", '"""', "\\", "   x\n  y\n z", "[" * 5000, "\0", "-" * 9000 + "1",
     "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
     "{'descr': '<f8', 'fortran_order': False, 'shape': (10000000000000,), }",
     "{'descr': '<f8', 'fortran_order': False, 'shape': (-3,), }",
     "{'descr': [('a','<f8'),('a','<f8')], 'fortran_order': False, 'shape': (3,), }",
     "__import__('os').mkdir('canary')"],
)
@pytest.mark.parametrize("member", ["header.npy", "train.npy"])
def test_a_malformed_array_header_is_refused(content, scratch, member, text):
    raw = text.encode() + b"\n"
    array = b"\x93NUMPY\x01\x00" + len(raw).to_bytes(2, "little") + raw
    refusal(scratch, packed({**members(content), member: array}))


def test_an_archive_that_claims_to_unpack_to_more_than_the_limit_is_refused(content, scratch):
    bomb, entry = bytearray(content), -1
    while (entry := bomb.find(b"PK\x01\x02", entry + 1)) >= 0:  # each member says that it holds 4 GiB
        bomb[entry + 24 : entry + 28] = (0xFFFFFFF0).to_bytes(4, "little")
    assert "unpacks to more than 32 GiB" in refusal(scratch, bomb)


def set_(*path, to):
    def change(header):
        *outer, last = path
        for step in outer:
            header = header[step]
        header[last] = to
    return change


def without(key):
    return lambda header: header.pop(key)


@pytest.mark.parametrize(
    "change",
    [
        set_("format", to="evozc-table-1"), set_("format", to=None),
        set_("hash", to="0" * 64), set_("hash", to=None),
        set_("architectures", to=[]), set_("architectures", to="abc"), set_("architectures", to=None),
        set_("architectures", 0, to=3),
        set_("keys", to=[]), set_("keys", 0, to=None), set_("keys", 1, to=["x"]),
        set_("statistics", to=[]), set_("statistics", 0, "sign", to=99), set_("statistics", 0, "sign", to=0),
        set_("statistics", 0, "sign", to="REAL"), set_("statistics", 0, "sign", to=True),
        set_("statistics", 0, "node_set", to="head"), set_("statistics", 0, "node_set", to=[]),
        set_("statistics", 0, "name", to=5), set_("statistics", 0, "latex", to=None),
        set_("statistics", 0, "surprise", to="x"), set_("statistics", 0, to=None),
        set_("targets", to=[]), set_("targets", to=None), set_("targets", 0, "name", to="other"),
        set_("targets", 0, "unit", to=5), set_("targets", 0, "higher_is_better", to="False"),
        set_("targets", 0, "higher_is_better", to=0), set_("targets", 0, "noise_ceiling", to="0.9"),
        set_("targets", 0, "noise_ceiling", to=float("nan")), set_("targets", 0, "surprise", to=1),
        set_("provenance", to=[]), set_("provenance", to=None),
        *map(without, ("format", "hash", "architectures", "keys", "statistics", "targets", "provenance")),
    ],
)
def test_a_header_with_a_wrong_value_is_refused(content, scratch, change):
    header = header_of(content)
    change(header)
    refusal(scratch, with_header(content, header))


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"null", b"3", b"{", b"\xff\xfe", b"[" * 200_000, b"1" * 10_000, b'{"format": NaN}']
)
def test_a_header_that_is_no_json_object_is_refused(content, scratch, text):
    refusal(scratch, with_header(content, text))


def test_an_unchanged_header_is_accepted(content, small, scratch):
    """So that the refusals above are about the change and not about the repacking."""
    scratch.write_bytes(with_header(content, header_of(content)))
    assert load_table(scratch).content_hash == small.content_hash


@pytest.mark.parametrize("dtype", [np.complex128, "U5", "datetime64[s]", object])
def test_an_array_of_another_type_is_refused(content, scratch, dtype):
    for name in ("values/network.params.npy", "targets/loss.npy", "train.npy", "offsets/layer.npy"):
        array = npy(np.zeros(6, dtype=dtype), allow_pickle=True)
        refusal(scratch, packed({**members(content), name: array}))
