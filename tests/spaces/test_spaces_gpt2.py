"""The decoders of LiteTransformerSearch: texts and networks, against what its authors published."""

import random

import pytest
import torch
from counting import parameters, unmaterialised
from hypothesis import given
from hypothesis import strategies as st
from space_checks import check_network, check_texts, published_rows, words

from evozc.errors import ConfigError, DataError
from evozc.spaces import get_space
from evozc.spaces.transformer_xl._network import RelativeAttention, _sinusoids

SMALL = {"vocabulary": 60, "length": 6, "cutoffs": "20,40"}
TEXT = "d_model=64 d_embed=128 div_val={} n_head=2,4 d_inner=512,700"
COLUMNS = {
    "attention": "params_attn", "ffn": "params_ffn", "non_embedding": "params_nonemb", "total": "params_total"
}
NAMES = ["gpt2", "transformer-xl"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("of", ["published", "search"])
def test_texts_keep_the_contract(name, of):
    check_texts(get_space(name, range=of), draws=3)


@given(st.sampled_from(NAMES), st.integers(0, 10**6))
def test_published_columns_give_the_text_back(name, seed):
    space = get_space(name)
    text = space.sample(random.Random(seed))
    fields = dict(part.split("=") for part in text.split())
    cells = {**fields, "n_layer": str(len(fields["n_head"].split(",")))}
    cells["n_head"] = "[" + cells["n_head"].replace(",", ", ") + ", 8, 8]"
    if fields["d_model"] == fields["d_embed"]:
        cells["d_embed"] = "-1"
    assert space.from_columns(cells) == text


def test_one_number_stands_for_all_layers():
    cells = {
        "n_layer": "2", "d_model": "64", "d_embed": "-1", "div_val": "1", "n_head": "4", "d_inner": "600"
    }
    expected = "d_model=64 d_embed=64 div_val=1 n_head=4,4 d_inner=600,600"
    assert get_space("gpt2").from_columns(cells) == expected


@pytest.mark.parametrize(
    ("change", "message"),
    [(("=64", "=65"), "d_model is '65', not 64 or 128"),
     (("512", "100"), "d_inner is '100', not 512 to 2048"),
     (("2,4", "2,4,8"), "numbers of layers: n_head 3, d_inner 2"),
     (("n_head=2,4 d_inner=512,700", "n_head=2 d_inner=512"), "n_head is of 1 layers, not 2 to 16")],
)
def test_a_wrong_field_is_named(change, message):
    with pytest.raises(DataError, match=message):
        get_space("gpt2").build(TEXT.format(1).replace(*change))


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"cutoffs": "30,20"}, "rising numbers"), ({"cutoffs": "a"}, "rising numbers"),
     ({"cutoffs": 3}, "rising"), ({"cutoffs": "0"}, "rising"), ({"dropout": 1}, "dropout must be a number"),
     ({"length": 0}, "length must be a whole number"),
     ({"range": "all"}, "range must be one of published, search")],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(ConfigError, match=message):
        get_space("gpt2", **settings)


@pytest.mark.parametrize(
    ("vocabulary", "clusters"),
    [(50_264, [19_997, 39_997, 50_264]), (267_735, [19_997, 39_997, 199_997, 267_735]), (19_997, [19_997]),
     (5, [5])],
)
def test_cutoffs_beyond_the_vocabulary_are_left_out(vocabulary, clusters):
    assert get_space("gpt2", vocabulary=vocabulary).clusters() == clusters


@pytest.mark.parametrize("divisor", [1, 4])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("embedded", [64, 128])
@pytest.mark.parametrize("clusters", ["20,40", "100"])
def test_networks_keep_the_contract(name, divisor, embedded, clusters):
    space = get_space(name, **{**SMALL, "cutoffs": clusters})
    torch.manual_seed(1)
    check_network(space, TEXT.format(divisor).replace("=128", f"={embedded}"), words(space, 8))


@pytest.mark.parametrize("divisor", [1, 2, 4])
@pytest.mark.parametrize("name", NAMES)
def test_outputs_are_probabilities_that_no_later_word_changes(name, divisor):
    space = get_space(name, **SMALL)
    torch.manual_seed(0)
    network = space.build(TEXT.format(divisor)).eval()
    sequence = torch.randint(0, 60, (3, 6))
    with torch.no_grad():
        outputs = network(sequence)
        torch.testing.assert_close(outputs.exp().sum(-1), torch.ones(3, 6))
        changed = sequence.clone()
        changed[:, 3] = (changed[:, 3] + 30) % 60
        again = network(changed)
    torch.testing.assert_close(again[:, :3], outputs[:, :3])
    assert (again[:, 3:] - outputs[:, 3:]).abs().amax(-1).min() > 1e-6


def test_relative_attention_is_that_of_every_pair():
    torch.manual_seed(0)
    attention = RelativeAttention(width=8, heads=2)
    tokens = torch.randn(3, 5, 8)
    q, k, v = attention.qkv(tokens).reshape(3, 5, 3, 2, 4).permute(2, 0, 3, 1, 4)
    positions = _sinusoids(5, tokens)
    away = attention.distances(positions[0]).reshape(5, 2, 4)
    expected = torch.zeros(3, 5, 2, 4)
    for head in range(2):
        for query in range(5):
            content = q[:, head, query] + attention.content_bias[head, 0]
            distance = q[:, head, query] + attention.distance_bias[head, 0]
            scores = torch.stack([
                (content * k[:, head, key]).sum(-1) + (distance * away[4 - query + key, head]).sum(-1)
                for key in range(query + 1)
            ], dim=-1)
            weights = (scores / 2).softmax(-1)
            expected[:, query, head] = (weights[..., None] * v[:, head, : query + 1]).sum(1)
    expected = attention.project(expected.reshape(3, 5, 8))
    torch.testing.assert_close(attention(tokens, positions), expected)


@pytest.mark.parametrize(
    ("divisor", "total"), [(1, 6_703_382), (4, 3_553_902)]
)
def test_parameters_are_those_worked_out_by_hand(divisor, total):
    assert get_space("gpt2").parameters(TEXT.format(divisor)) == {
        "attention": 33_280, "ffn": 156_476, "non_embedding": 190_396, "total": total
    }


def test_parameters_are_the_published_ones_on_every_row(shared):
    space = get_space("gpt2")
    for row in published_rows(shared, "gpt2/sample"):
        counted = space.parameters(space.from_columns(row))
        assert counted == {part: float(row[column]) for part, column in COLUMNS.items()}, row["key"]


@pytest.mark.parametrize(
    ("name", "settings"),
    [("gpt2", {}), ("gpt2", {"vocabulary": 30, "cutoffs": ""}), ("transformer-xl", {}),
     ("transformer-xl", {"vocabulary": 793_470, "cutoffs": "59997,99997,639997", "tied": False})],
)
def test_the_networks_have_as_many_parameters_as_are_counted(name, settings):
    space = get_space(name, **settings)
    generator = random.Random(0)
    for _ in range(6):
        text = space.sample(generator)
        counted = space.parameters(text)
        with unmaterialised():
            network = space.build(text)
        body = parameters(network.body) + (parameters(network.last) if name == "gpt2" else 0)
        assert (counted["non_embedding"], counted["total"]) == (body, parameters(network)), text
