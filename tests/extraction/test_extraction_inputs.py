"""Image files, good ones and those that anybody may have written."""

import io
import pickle

import numpy as np
import pytest
import torch

from evozc.errors import DataError
from evozc.extraction import Images, load_images, load_inputs
from evozc.spaces import NasBench201

SPACE = NasBench201()


def arrays(n=20, size=6):
    generator = np.random.default_rng(0)
    x = generator.integers(0, 256, (n, size, size, 3)).astype(np.uint8)
    return x, generator.integers(0, 10, n).astype(np.uint8)


def test_images_are_standardised_by_channel(tmp_path):
    x, y = arrays()
    x[..., 1] //= 4
    np.savez(tmp_path / "i.npz", x=x, y=y, classes=np.array(["a"] * 10))
    images = load_images(tmp_path / "i.npz", SPACE)
    wide = x.astype(float)
    expected = (wide - wide.mean((0, 1, 2))) / wide.std((0, 1, 2))
    np.testing.assert_allclose(images.x.numpy(), expected.transpose(0, 3, 1, 2), atol=1e-6)
    assert (images.x.dtype, images.y.dtype) == (torch.float32, torch.int64)
    assert images.y.tolist() == y.tolist()


def test_the_digest_is_of_the_arrays_and_not_of_the_file(tmp_path):
    x, y = arrays()
    np.savez(tmp_path / "a.npz", x=x, y=y)
    np.savez_compressed(tmp_path / "b.npz", y=y.astype(np.int64), x=x)
    x[0, 0, 0, 0] ^= 1
    np.savez(tmp_path / "c.npz", x=x, y=y)
    a, b, c = (load_images(tmp_path / f"{name}.npz", SPACE).digest for name in "abc")
    assert a == b != c
    assert len(a) == 64


def test_a_batch_is_drawn_without_replacement_from_the_seed_alone():
    x, y = torch.arange(50.0).view(50, 1, 1, 1), torch.arange(50) % 10
    images = Images.of(x, y)
    first, again, other = (images.batch(50, seed)[0].flatten().tolist() for seed in (1, 1, 2))
    assert sorted(first) == list(range(50))
    assert first == again != other
    chosen, labels = images.batch(7, 3)
    assert labels.tolist() == [int(v) % 10 for v in chosen.flatten()]
    with pytest.raises(DataError, match="51"):
        images.batch(51, 0)


def changed(**arrays_):
    x, y = arrays()
    return {"x": x, "y": y} | arrays_


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"x": arrays()[0]}, "no array 'y'"),
        ({"labels": arrays()[1]}, "no array 'x'"),
        (changed(x=arrays()[0].astype(np.float32)), "x is float32"),
        (changed(x=arrays()[0][..., 0]), "x is uint8"),
        (changed(x=arrays()[0][:0], y=arrays()[1][:0]), "x is uint8"),
        (changed(x=arrays()[0][..., :1]), "1 channels"),
        (changed(y=arrays()[1].astype(float)), "y is float64"),
        (changed(y=arrays()[1][:-1]), "20 whole numbers"),
        (changed(y=arrays()[1] + 5), "10 classes"),
        (changed(y=arrays()[1].astype(np.int8) - 1), "from -1"),
        (changed(x=np.full((20, 6, 6, 3), 7, np.uint8)), "channel 0"),
        (changed(y=np.array([object()] * 20)), "not a whole file"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(tmp_path, content, message):
    np.savez(tmp_path / "i.npz", **content)
    with pytest.raises(DataError, match=rf"i\.npz: .*{message}"):
        load_images(tmp_path / "i.npz", SPACE)


def truncated():
    file = io.BytesIO()
    np.savez(file, x=arrays()[0], y=arrays()[1])
    return file.getvalue()[:-300]


def array_alone():
    file = io.BytesIO()
    np.save(file, arrays()[0])
    return file.getvalue()


def altered():
    file = io.BytesIO()
    np.savez(file, x=arrays()[0], y=arrays()[1])
    content = bytearray(file.getvalue())
    content[500] ^= 255
    return bytes(content)


@pytest.mark.parametrize(
    "content", [b"", b"text", pickle.dumps(arrays()), truncated(), array_alone(), altered()]
)
def test_files_that_are_no_whole_archive_are_refused(tmp_path, content):
    (tmp_path / "i.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"i\.npz: not a whole file of images"):
        load_images(tmp_path / "i.npz", SPACE)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        load_images(tmp_path / "i.npz", SPACE)
    with pytest.raises(DataError, match="not a whole file"):
        load_images(tmp_path, SPACE)


def test_the_published_images_load(shared):
    images = load_images(shared / "images" / "cifar10_2000.npz", SPACE)
    assert images.x.shape == (2000, 3, 32, 32)
    assert torch.bincount(images.y).tolist() == [200] * 10
    np.testing.assert_allclose(images.x.mean((0, 2, 3)), 0, atol=1e-5)


def test_inputs_of_any_kind_are_read(tmp_path):
    draw = np.random.default_rng(0)
    images = draw.integers(0, 256, (9, 5, 4, 3), dtype=np.uint8)
    for name, x, dtype, shape in (
        ("images", images, torch.float32, (9, 3, 5, 4)),
        ("tokens", draw.integers(0, 50, (9, 7), dtype=np.int32), torch.int64, (9, 7)),
        ("numbers", draw.normal(size=(9, 2, 3)), torch.float32, (9, 2, 3)),
    ):
        np.savez(tmp_path / f"{name}.npz", x=x, y=np.arange(9, dtype=np.uint8))
        read = load_inputs(tmp_path / f"{name}.npz")
        assert (read.x.dtype, tuple(read.x.shape)) == (dtype, shape)
        assert read.y.tolist() == list(range(9))
    numbers = np.load(tmp_path / "numbers.npz", allow_pickle=False)["x"]
    assert np.array_equal(read.x.numpy(), numbers.astype(np.float32))
    standardised = load_inputs(tmp_path / "images.npz").x
    np.testing.assert_allclose(standardised.mean((0, 2, 3)), 0, atol=1e-6)
    np.testing.assert_allclose(standardised.std((0, 2, 3), correction=0), 1, rtol=1e-5)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.zeros(4), np.zeros(4, int), "expected numbers"),
        (np.zeros((4, 0)), np.zeros(4, int), "expected numbers"),
        (np.full((4, 2), "a"), np.zeros(4, int), "expected numbers"),
        (np.zeros((4, 2)), np.zeros(3, int), "expected 4 whole numbers"),
        (np.zeros((4, 2)), np.zeros(4), "expected 4 whole numbers"),
        (np.zeros((4, 2)), np.full(4, -1), "expected 4 whole numbers"),
    ],
)
def test_inputs_that_cannot_be_used_say_why(tmp_path, x, y, message):
    np.savez(tmp_path / "i.npz", x=x, y=y)
    with pytest.raises(DataError, match=message):
        load_inputs(tmp_path / "i.npz")


def test_inputs_with_objects_inside_are_refused(tmp_path):
    np.savez(tmp_path / "i.npz", x=np.array([[{}]], dtype=object), y=np.zeros(1, int))
    with pytest.raises(DataError, match="not a whole file"):
        load_inputs(tmp_path / "i.npz")
