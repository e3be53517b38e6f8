"""Archives of arrays from strangers: what numpy reads is read, nothing is unpacked that is not asked for."""

import io
import random
import time
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from evozc._npz import Limits, open_archive
from evozc.errors import ConfigError, DataError
from evozc.extraction import load_images, load_inputs
from evozc.spaces import NasBench201
from evozc.table import load_table

MIB = 2**20


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("archives") / "it.npz"


def opened(path, **limits):
    return open_archive(path, "archive", Limits(**limits), "write it again")


def npy(array, **options):
    buffer = io.BytesIO()
    np.save(buffer, array, **options)
    return buffer.getvalue()


def zipped(members, compression=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return buffer.getvalue()


def peak(function):
    """The most that was allocated at once while a function ran, in bytes."""
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def refused(read, path, *arguments):
    with pytest.raises(DataError) as caught:
        read(path, *arguments)
    assert str(path) in str(caught.value)
    return str(caught.value)


KINDS = st.sampled_from(["?", "u1", "i4", "<i8", ">i4", "<f4", ">f8", "<f2", "U3"])


@given(array=KINDS.flatmap(lambda kind: arrays.arrays(kind, arrays.array_shapes(min_dims=0, min_side=0))),
       order=st.sampled_from("CF"), compressed=st.booleans())
def test_what_numpy_writes_is_read_as_numpy_reads_it(path, array, order, compressed):
    (np.savez_compressed if compressed else np.savez)(path, one=np.asarray(array, order=order), two=np.eye(2))
    with opened(path) as archive:
        assert archive.names == ["one", "two"]
        declared, found = archive.declared("one"), archive.read("one")
    assert (declared.shape, declared.dtype) == (found.shape, found.dtype) == (array.shape, array.dtype)
    np.testing.assert_array_equal(found, array)


@given(st.data())
def test_any_damage_is_one_error_or_changes_nothing(path, data):
    content = bytearray(zipped({"one": npy(np.arange(40.0)), "two": npy(np.ones((3, 4), bool))}))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(content[: data.draw(st.sampled_from([len(content), len(content) // 2]))]))
    try:
        with opened(path) as archive:
            found = {name: archive.read(name) for name in archive.names}
    except DataError as error:
        assert str(path) in str(error)  # noqa: PT017 - both ends are allowed
    else:
        values = list(found.values())
        assert np.array_equal(values[0], np.arange(40.0))
        assert np.array_equal(values[1], np.ones((3, 4)))


@pytest.mark.parametrize("header", [
    b"{", b"(" * 4000, b"[" * 4000, b'"""', b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
    b"{'descr': '<f8', 'fortran_order': False, 'shape': (-3,), }",
    b"{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999999,), }",
    b"{'descr': '<f3', 'fortran_order': False, 'shape': (1,), }",
    b"{'descr': '<c16', 'fortran_order': False, 'shape': (1,), }",
    b"{'descr': '<f8', 'fortran_order': False, 'shape': (" + b"1," * 40 + b"), }",
    b"{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (3,), }", b"__import__('os').abort()",
])
@pytest.mark.parametrize("version", [1, 2, 9])
def test_an_array_that_says_what_cannot_be_is_refused(path, header, version):
    wide = 2 if version == 1 else 4
    array = b"\x93NUMPY" + bytes([version, 0]) + len(header).to_bytes(wide, "little") + header + bytes(8)
    path.write_bytes(zipped({"one": array}))
    with pytest.raises(DataError), opened(path) as archive:
        archive.read("one")


def test_a_header_of_gigabytes_is_refused_before_it_is_read(path):
    path.write_bytes(zipped({"one": b"\x93NUMPY\x02\x00" + (2**31).to_bytes(4, "little") + bytes(24 * MIB)}))

    def read():
        with pytest.raises(DataError, match="header of 2147483648 bytes"), opened(path) as archive:
            archive.declared("one")

    assert peak(read) < 4 * MIB


def test_the_caps_hold_and_can_be_set(path, monkeypatch):
    path.write_bytes(zipped({f"m{i}": npy(np.zeros(100)) for i in range(20)}))
    with opened(path, members=20, size=20 * (800 + 128)) as archive:
        assert len(archive.names) == 20
    with pytest.raises(DataError, match=r"20 members, more than 19; .* EVOZC_MAX_MEMBERS"), opened(
        path, members=19
    ):
        pass
    with pytest.raises(DataError, match=r"unpacks to more than .* GiB; .* EVOZC_MAX_BYTES"), opened(
        path, size=20 * (800 + 128) - 1
    ):
        pass
    for variable, name in (("MEMBERS", "members"), ("HEADER", "header"), ("BYTES", "size")):
        monkeypatch.setenv(f"EVOZC_MAX_{variable}", "7")
        assert getattr(Limits.usual(), name) == 7
        for wrong in ("0", "-1", "x", "1e9", "9" * 30, "\uff17"):
            monkeypatch.setenv(f"EVOZC_MAX_{variable}", wrong)
            with pytest.raises(ConfigError, match=f"EVOZC_MAX_{variable} must be a whole number"):
                Limits.usual()
        monkeypatch.delenv(f"EVOZC_MAX_{variable}")
    assert Limits.usual() == Limits()


def test_seventy_thousand_members_are_refused_at_once(path):
    path.write_bytes(zipped({f"m{i}": b"" for i in range(70_000)}, zipfile.ZIP_STORED))
    start = time.process_time()
    for read in (load_table, load_inputs):
        assert "70000 members, more than 10000" in refused(read, path)
    assert time.process_time() - start < 5
    path.write_bytes(zipped({f"{i:0900}": b"" for i in range(2000)}, zipfile.ZIP_STORED))
    assert "more than 100 members" in refused(load_table, path, Limits(members=100))


def test_two_members_of_one_name_are_refused(path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("x.npy", npy(np.array([1.0])))
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("x.npy", npy(np.array([2.0])))
    path.write_bytes(buffer.getvalue())
    with pytest.raises(DataError, match="same name"), opened(path):
        pass


def test_a_table_unpacks_only_what_its_header_names(small_table_bytes, path):
    """A member that is not named, or not as long as the header says, is never unpacked, however large."""
    members = dict(small_table_bytes)
    for name, array in (
        ("values/layer.evil", np.zeros(3 * MIB)),
        ("values/layer.grad_l2", np.zeros(3 * MIB)),
        ("offsets/layer", np.zeros(3 * MIB, np.int64)),
        ("targets/accuracy", np.zeros(3 * MIB)),
        ("train", np.zeros(24 * MIB, bool)),
    ):
        path.write_bytes(zipped({**members, name: npy(array)}))
        assert path.stat().st_size < MIB
        assert peak(lambda: refused(load_table, path)) < 4 * MIB
    assert "a header of" in refused(load_table, _large_header(members, path), Limits(header=MIB))


def _large_header(members, path):
    path.write_bytes(zipped({**members, "header": npy(np.zeros(24 * MIB, np.uint8))}))
    return path


@pytest.fixture(scope="module")
def small_table_bytes(tmp_path_factory):
    from small_tables import small_table

    from evozc.table import save_table

    path = tmp_path_factory.mktemp("table") / "small.npz"
    save_table(small_table(20), path)
    with zipfile.ZipFile(path) as archive:
        return {name.removesuffix(".npy"): archive.read(name) for name in archive.namelist()}


def test_images_that_would_not_fit_are_refused_before_they_are_unpacked(path):
    """The archive says four gigabytes; as numbers of four bytes they would be twenty."""
    count = (2**32 - 200) // (32 * 32 * 3)
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({count}, 32, 32, 3), }}".encode()
    array = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    content = bytearray(zipped({"x": array, "y": npy(np.zeros(3, np.uint8))}))
    entry = content.index(b"PK\x01\x02")
    content[entry + 24 : entry + 28] = (len(array) + count * 3072).to_bytes(4, "little")
    path.write_bytes(content)
    for read in (lambda p: load_images(p, NasBench201()), load_inputs):
        message = []
        assert peak(lambda: message.append(refused(read, path))) < 4 * MIB  # noqa: B023 - called at once
        assert "too large for 8 GiB; take fewer; if you trust it, allow more by EVOZC_MAX_BYTES" in message[0]


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_inputs_beyond_float32_are_refused(path, value):
    np.savez(path, x=np.array([[1.0, value], [0.0, 2.0]]), y=np.array([0, 1]))
    assert "not finite, or too large for float32" in refused(load_inputs, path)


def test_images_take_little_more_than_their_own_memory(path):
    draw = np.random.default_rng(0)
    x = draw.integers(0, 256, (2000, 32, 32, 3), dtype=np.uint8)
    np.savez(path, x=x, y=draw.integers(0, 10, 2000))
    assert peak(lambda: load_images(path, NasBench201())) < 7 * x.nbytes


def test_flips_of_an_image_file_are_refused_or_change_nothing(path):
    x = random.Random(0).randbytes(12 * 4 * 4 * 3)
    np.savez(path, x=np.frombuffer(x, np.uint8).reshape(12, 4, 4, 3), y=np.arange(12) % 10)
    content, generator = path.read_bytes(), random.Random(1)
    digest = load_images(path, NasBench201()).digest
    harmless = 0
    for _ in range(300):
        damaged = bytearray(content)
        damaged[generator.randrange(len(content))] ^= 1 << generator.randrange(8)
        path.write_bytes(damaged)
        try:
            assert load_images(path, NasBench201()).digest == digest
            harmless += 1
        except DataError:
            continue
    assert harmless < 200
