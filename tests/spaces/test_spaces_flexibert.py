"""FlexiBERT: texts and its three networks a recipe, against what its authors published."""

import random

import pytest
import torch
from counting import parameters, unmaterialised
from scipy.fft import dctn
from scipy.stats import kendalltau
from space_checks import check_network, check_texts, published_rows, words

from evozc.errors import ConfigError, DataError
from evozc.spaces import get_space
from evozc.spaces.flexibert._network import MixedAttention, _cosines

DECLARED, PUBLISHED, TRAINED = (
    get_space("flexibert", network=network) for network in ("declared", "published", "trained")
)
OPERATIONS = ["SA-SDP", "SA-WMA", "LT-DFT", "LT-DCT", "DSC-5", "DSC-9"]
TEXT = "hidden_size={} operation={} num_heads=2,4 ff_dim=512,1024 ff_layers=1,3"


def test_texts_keep_the_contract():
    check_texts(DECLARED)
    assert DECLARED.count == 2 * (48**2 + 48**4) == 10_621_440


def test_the_neighbours_have_one_other_choice_or_two_layers_more_or_less():
    near = DECLARED.neighbours(TEXT.format(128, "SA-SDP,LT-DCT"))
    assert len(near) == 1 + 2 * (5 + 1 + 1 + 1) + 48**2


def test_published_layers_are_read():
    cells = {"hidden_size": "256", "layers": "SA:WMA:h4:ff1024x3;DSC:9:h2:ff512x1"}
    expected = "hidden_size=256 operation=SA-WMA,DSC-9 num_heads=4,2 ff_dim=1024,512 ff_layers=3,1"
    assert DECLARED.from_columns(cells) == expected


@pytest.mark.parametrize("layers", ["", "SA:WMA", "SA:WMA:h4:ff1024x3;", "XX:9:h2:ff512x1"])
def test_layers_that_cannot_be_read_are_shown(layers):
    with pytest.raises(DataError, match=r"column 'layers' holds .*; expected layers as SA:SDP:h4:ff1024x1"):
        DECLARED.from_columns({"hidden_size": "256", "layers": layers})


@pytest.mark.parametrize(
    ("change", "message"),
    [(("=128", "=512"), "hidden_size is '512'"), (("LT-DCT", "LT-SDP"), "operation is 'LT-SDP'"),
     (("2,4", "2,4,4"), "num_heads is of 3 layers, not 2 or 4")],
)
def test_a_wrong_field_is_named(change, message):
    with pytest.raises(DataError, match=message):
        DECLARED.build(TEXT.format(128, "SA-SDP,LT-DCT").replace(*change))


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"network": "real"}, "network must be one of declared, published, trained"),
     ({"length": 513}, "length must be at most 512"), ({"dropout": -0.1}, "dropout must be")],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(ConfigError, match=message):
        get_space("flexibert", **settings)


@pytest.mark.parametrize("operations", ["SA-SDP,SA-WMA", "LT-DFT,LT-DCT", "DSC-5,DSC-9"])
@pytest.mark.parametrize("size", [128, 256])
def test_networks_keep_the_contract(operations, size):
    space = get_space("flexibert", length=12)
    network = space.build(TEXT.format(size, operations))
    assert not network.words.weight[0].any()
    check_network(space, TEXT.format(size, operations), words(space, 2))


@pytest.mark.parametrize("dim", [-1, -2])
def test_the_cosine_transform_is_scipys(dim):
    values = torch.randn(2, 3, 7, 5, dtype=torch.float64)
    expected = torch.from_numpy(dctn(values.numpy(), type=2, axes=[dim]))
    torch.testing.assert_close(_cosines(values, dim), expected)


def test_light_convolutions_weigh_the_words_around_each():
    torch.manual_seed(0)
    mixing = MixedAttention(size=8, heads=4, kernel=5, dropout=0.0)
    tokens = torch.randn(3, 6, 8)
    inputs = tokens.transpose(1, 2)
    keys = mixing.pointwise(mixing.depthwise(inputs)).transpose(1, 2)
    kernels = mixing.kernels(keys * mixing.query(tokens)).reshape(3, 6, 2, 5).softmax(-1)
    convolved = mixing.convolved(tokens)
    expected = torch.zeros(3, 6, 4)
    for word in range(6):
        for step in range(5):
            other = word + step - 2
            if 0 <= other < 6:
                for head in range(2):
                    own = slice(2 * head, 2 * head + 2)
                    expected[:, word, own] += kernels[:, word, head, step, None] * convolved[:, other, own]
    torch.testing.assert_close(mixing(tokens)[..., 4:], expected)


@pytest.mark.parametrize(
    ("size", "layers", "counts"),
    [(128, "SA:SDP:h2:ff512x1;SA:SDP:h2:ff512x1", (4_369_408, 5_585_408, 4_369_408)),
     (256, "SA:WMA:h4:ff1024x3;LT:DCT:h2:ff512x1", (7_289_600, 7_552_256, 7_684_608)),
     (128, "DSC:5:h4:ff512x3;DSC:9:h2:ff1024x1", (5_012_819, 7_624_851, 4_894_720))],
)
def test_parameters_are_those_worked_out_by_hand(size, layers, counts):
    text = DECLARED.from_columns({"hidden_size": str(size), "layers": layers})
    with unmaterialised():
        assert tuple(parameters(s.build(text)) for s in (DECLARED, PUBLISHED, TRAINED)) == counts


def test_gradients_of_the_sum_of_normalised_states_are_rounding():
    """Why the published gradient scores of this benchmark mean nothing."""
    torch.manual_seed(0)
    network = get_space("flexibert", dropout=0.0).build(TEXT.format(128, "SA-SDP,DSC-5"))
    network.hidden(torch.randint(1, 30_522, (2, 16))).sum().backward()
    last = network.body[-1].feed_forward_norm
    reached = last.bias.grad.norm()
    for name, weight in network.named_parameters():
        if weight.grad is not None and not name.startswith("body.1.feed_forward_norm"):
            assert weight.grad.norm() < 1e-5 * reached, name


def check_published(rows):
    for row in rows:
        with unmaterialised():
            count = parameters(PUBLISHED.build(PUBLISHED.from_columns(row)))
        assert count == int(row["number_of_parameters"]), row["id"]


def test_parameters_are_the_published_ones(shared):
    check_published(random.Random(0).sample(published_rows(shared, "flexibert/sample"), 40))


@pytest.mark.slow
def test_parameters_are_the_published_ones_on_every_row(shared):
    check_published(published_rows(shared, "flexibert/sample"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("space", "tau"), [(PUBLISHED, 0.453), (DECLARED, 0.497), (TRAINED, 0.593)],
    ids=["published", "declared", "trained"],
)
def test_parameters_rank_the_published_labels(shared, space, tau):
    rows = published_rows(shared, "flexibert/sample")
    with unmaterialised():
        counts = [parameters(space.build(space.from_columns(row))) for row in rows]
    found = kendalltau(counts, [float(row["glue"]) for row in rows]).statistic
    assert found == pytest.approx(tau, abs=6e-4)
