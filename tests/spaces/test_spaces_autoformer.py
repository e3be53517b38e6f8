"""AutoFormer: texts and networks, against what its authors published."""

import random

import pytest
import torch
from counting import parameters, unmaterialised
from hypothesis import given
from hypothesis import strategies as st
from space_checks import check_network, check_texts, images, published_rows

from evozc.errors import ConfigError, DataError
from evozc.spaces import get_space
from evozc.spaces.autoformer._network import RelativeAttention

SPACE = get_space("autoformer")


def uniform(depth, width, ratio, heads):
    return (
        f"embed_dim={width} mlp_ratio={','.join([str(ratio)] * depth)} "
        f"num_heads={','.join([str(heads)] * depth)}"
    )


SMALLEST, LARGEST = uniform(12, 192, 3.5, 3), uniform(14, 240, 4, 4)


@pytest.mark.parametrize("size", ["tiny", "small", "base"])
def test_texts_keep_the_contract(size):
    check_texts(get_space("autoformer", size=size))


@pytest.mark.parametrize(("size", "count"), [("tiny", 1.057e9), ("small", 7.71e13), ("base", 1.01e13)])
def test_the_number_of_architectures_is_the_published_one(size, count):
    assert get_space("autoformer", size=size).count == pytest.approx(count, rel=1e-3)


def test_the_neighbours_are_other_widths_choices_and_depths():
    assert len(SPACE.neighbours(SMALLEST)) == 2 + 12 * 2 + 4
    assert len(SPACE.neighbours(LARGEST)) == 2 + 14 * 2 + 1


@given(st.integers(0, 10**6))
def test_published_columns_give_the_text_back(seed):
    text = SPACE.sample(random.Random(seed))
    fields = dict(part.split("=") for part in text.split())
    depth = len(fields["num_heads"].split(","))
    cells = {
        "depth": str(depth), "embed_dim": fields["embed_dim"] + ".0",
        "mlp_ratio": "[" + fields["mlp_ratio"].replace(",", ", ").replace("4", "4.0") + ", 3.5]",
        "num_heads": "[" + fields["num_heads"].replace(",", ", ") + "]",
    }
    assert SPACE.from_columns(cells) == text


WRONG = {
    "embed_dim=200": (SMALLEST.replace("192", "200"), "embed_dim is '200', not 192 or 216 or 240"),
    "a ratio": (SMALLEST.replace("3.5", "5", 1), "mlp_ratio is '5', not 3.5 or 4"),
    "a written zero": (SMALLEST.replace("3.5", "3.50", 1), "mlp_ratio is '3.50'"),
    "too few layers": (uniform(11, 192, 4, 3), "mlp_ratio is of 11 layers, not 12 or 13 or 14"),
    "uneven": (SMALLEST + ",3", "different numbers of layers: mlp_ratio 12, num_heads 13"),
    "order": (" ".join(SMALLEST.split()[::-1]), "expected embed_dim=... mlp_ratio=... num_heads=..."),
    "twice": (SMALLEST + " num_heads=3", "expected embed_dim"),
    "a field missing": (SMALLEST.split(" num")[0], "expected embed_dim"),
    "of another size": (uniform(12, 320, 3.5, 5), "embed_dim is '320'"),
}


@pytest.mark.parametrize(("text", "message"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_field_is_named(text, message):
    with pytest.raises(DataError, match="not of AutoFormer's tiny space: ") as caught:
        SPACE.canonical_key(text)
    assert message in str(caught.value)


def test_columns_that_cannot_be_read_are_named():
    cells = {"depth": "deep", "embed_dim": "192", "mlp_ratio": "[4]", "num_heads": "[3]"}
    with pytest.raises(DataError, match="column 'depth' holds 'deep'"):
        SPACE.from_columns(cells)
    del cells["num_heads"]
    with pytest.raises(DataError, match="no column 'num_heads'"):
        SPACE.from_columns(cells)


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"size": "large"}, "size must be one of tiny, small, base"),
     ({"variant": "vit"}, "variant must be one of autoformer, auto-prox"),
     ({"resolution": 100}, "multiple of 16"), ({"classes": 0}, "classes must be a whole number"),
     ({"size": "base", "variant": "auto-prox"}, "size tiny alone")],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(ConfigError, match=message):
        get_space("autoformer", **settings)


@pytest.mark.parametrize("variant", ["autoformer", "auto-prox"])
def test_networks_keep_the_contract(variant):
    space = get_space("autoformer", variant=variant, resolution=48, classes=5)
    check_network(space, SMALLEST, images(space, 48))


@pytest.mark.parametrize("side", [1, 3, 16])
def test_relative_positions_are_those_of_every_pair(side):
    """The distances of all pairs, looked up one by one, as the publishers do."""
    torch.manual_seed(0)
    attention = RelativeAttention(width=8, heads=2, head_width=4, side=side)
    tokens = torch.randn(3, side * side + 1, 8)

    def vectors(positions):
        pairs = []
        for query in range(side * side + 1):
            for key in range(side * side + 1):
                (key_row, key_column), (row, column) = divmod(key - 1, side), divmod(query - 1, side)
                steps = (key_row - row, key_column - column)
                rows = [min(max(step, -14), 14) + 15 for step in steps] if query and key else [0, 0]
                pairs.append(rows)
        down, across = torch.tensor(pairs).unflatten(0, (-1, side * side + 1)).unbind(-1)
        return positions.vertical[down] + positions.horizontal[across]

    q, k, v = attention.qkv(tokens).reshape(3, -1, 3, 2, 4).permute(2, 0, 3, 1, 4)
    scores = q @ k.transpose(-2, -1) + torch.einsum("nhqd,qkd->nhqk", q, vectors(attention.key_positions))
    weights = (scores / 2).softmax(-1)
    mixed = weights @ v + torch.einsum("nhqk,qkd->nhqd", weights, vectors(attention.value_positions))
    expected = attention.project(mixed.permute(0, 2, 1, 3).reshape(3, -1, 8))
    torch.testing.assert_close(attention(tokens), expected)


@pytest.mark.parametrize(
    ("architecture", "count"), [(SMALLEST, 5_366_056), (LARGEST, 10_517_272)]
)
def test_parameters_are_those_worked_out_by_hand(architecture, count):
    with unmaterialised():
        assert parameters(SPACE.build(architecture)) == count


def check_published(rows):
    for row in rows:
        architecture = SPACE.from_columns(row)
        with unmaterialised():
            count = parameters(SPACE.build(architecture))
        assert f"{count / 1e6:.7g}" == f"{float(row['params_M']):.7g}", architecture
        assert f"{SPACE.published_flops(architecture) / 1e6:.7g}" == f"{float(row['flops_M']):.7g}"


def test_counts_are_the_published_ones(shared):
    check_published(random.Random(0).sample(published_rows(shared, "vit/autoformer_tiny_sample"), 12))


@pytest.mark.slow
def test_counts_are_the_published_ones_on_every_row(shared):
    check_published(published_rows(shared, "vit/autoformer_tiny_sample"))
