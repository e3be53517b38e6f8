"""Image files, good ones and those that anybody may have written."""

import io
import pickle

import numpy as np
import pytest
import torch

from evozc.errors import DataError
from evozc.extraction import Images, load_images, load_inputs
from evozc.spaces import NasBench201, get_space

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


def written(path, **arrays):
    np.savez(path, **arrays)
    return path


PIXELS = np.random.default_rng(2).integers(0, 256, (5, 32, 64, 3), dtype=np.uint8)
TOKENS = get_space("gpt2", vocabulary=50, length=9)


def transnas(task):
    return get_space("transnas-micro", task=task)


def test_labels_belong_to_what_the_networks_of_a_space_return(tmp_path):
    path = tmp_path / "i.npz"
    shares = np.full((5, 63), 1 / 63)
    read = load_images(written(path, x=PIXELS, y=shares), transnas("class_scene"))
    assert (read.x.shape, read.y.dtype, read.y.shape) == ((5, 3, 32, 64), torch.float32, (5, 63))
    maps = np.random.default_rng(3).integers(0, 17, (5, 32, 64))
    read = load_images(written(path, x=PIXELS, y=maps), transnas("segmentsemantic"))
    assert np.array_equal(read.y.numpy(), maps)
    values = np.random.default_rng(3).normal(size=(5, 9))
    read = load_images(written(path, x=PIXELS, y=values), transnas("room_layout"))
    np.testing.assert_allclose(read.y.numpy(), values, rtol=1e-6)
    normals = PIXELS[::-1]
    read = load_images(written(path, x=PIXELS, y=normals), transnas("normal"))
    np.testing.assert_allclose(read.y.numpy(), normals.transpose(0, 3, 1, 2) / 127.5 - 1, atol=1e-6)
    read = load_images(written(path, x=PIXELS), transnas("autoencoder"))
    np.testing.assert_allclose(read.y.numpy(), PIXELS.transpose(0, 3, 1, 2) / 127.5 - 1, atol=1e-6)


def test_the_tiles_of_an_input_are_standardised_together(tmp_path):
    tiles = np.random.default_rng(4).integers(0, 256, (4, 9, 16, 16, 3), dtype=np.uint8)
    read = load_images(written(tmp_path / "i.npz", x=tiles, y=np.arange(4)), transnas("jigsaw"))
    assert read.x.shape == (4, 9, 3, 16, 16)
    np.testing.assert_allclose(read.x.mean((0, 1, 3, 4)), [0, 0, 0], atol=1e-5)
    np.testing.assert_allclose(read.x.std((0, 1, 3, 4), correction=0), [1, 1, 1], atol=1e-5)
    level = tiles[..., 1].mean(), tiles[..., 1].std()
    np.testing.assert_allclose(read.x[:, :, 1], (tiles[..., 1] - level[0]) / level[1], atol=1e-4)


def test_tokens_need_no_labels(tmp_path):
    tokens = np.random.default_rng(5).integers(0, 50, (6, 9)).astype(np.uint16)
    read = load_images(written(tmp_path / "i.npz", x=tokens), TOKENS)
    assert read.x.dtype == torch.int64
    assert np.array_equal(read.x.numpy(), tokens)
    assert torch.equal(read.x, read.y)


@pytest.mark.parametrize(("space", "arrays", "message"), [
    (TOKENS, {"x": np.full((3, 9), 50)}, r"x reaches from 50 to 50; the vocabulary .* 0 to 49"),
    (TOKENS, {"x": np.zeros((3, 8), int)}, "sequences of 8 tokens, networks of gpt2 are set to 9"),
    (TOKENS, {"x": PIXELS}, "networks of gpt2 take tokens: whole numbers"),
    (transnas("jigsaw"), {"x": PIXELS, "y": np.arange(5)}, "expected x .uint8, inputs x tiles"),
    (transnas("jigsaw"), {"x": PIXELS[:, None].repeat(4, 1), "y": np.arange(5)}, "4 tiles an input"),
    (transnas("segmentsemantic"), {"x": PIXELS, "y": np.arange(5)}, r"whole numbers .*\(5, 32, 64\)"),
    (transnas("segmentsemantic"), {"x": PIXELS, "y": np.full((5, 32, 64), 17)}, "set to 17 classes, 0 to 16"),
    (transnas("room_layout"), {"x": PIXELS, "y": np.arange(5)}, r"expected numbers \(n, values\) \(5, 9\)"),
    (transnas("room_layout"), {"x": PIXELS, "y": np.full((5, 9), np.nan)}, "not finite"),
    (transnas("normal"), {"x": PIXELS, "y": PIXELS.astype(np.uint16)}, "images are uint8"),
    (transnas("class_scene"), {"x": PIXELS, "y": np.zeros((5, 2))}, r"a share for each class \(5, 63\)"),
    (get_space("autoformer"), {"x": PIXELS, "y": np.arange(5)}, "images of 32 x 64 .* are set to 224 x 224"),
])
def test_what_does_not_fit_the_space_says_why(tmp_path, space, arrays, message):
    with pytest.raises(DataError, match=message):
        load_images(written(tmp_path / "i.npz", **arrays), space)
