"""PiT as Auto-Prox searches it: texts and networks."""

import pytest
from counting import parameters, unmaterialised
from scipy.stats import kendalltau
from space_checks import check_network, check_texts, images, published_rows

from evozc.errors import ConfigError, DataError
from evozc.spaces import get_space

SPACE = get_space("pit")
TINY = "base_dim=32 mlp_ratio=4 depth=2,6,4 num_heads=2,4,8"


def test_texts_keep_the_contract():
    check_texts(SPACE)
    assert SPACE.count == 1600
    assert len(SPACE.neighbours(TINY)) == 3 + 3 + 9 + 9


@pytest.mark.parametrize(
    ("change", "message"),
    [(("32", "20"), "base_dim is '20', not 16 or 24 or 32 or 40"), (("2,6,4", "9,9,9"), "depth is '9,9,9'"),
     (("2,4,8", "8,4,2"), "num_heads is '8,4,2'"), (("2,4,8", "2,4"), "num_heads is '2,4'")],
)
def test_a_wrong_field_is_named(change, message):
    with pytest.raises(DataError, match=message):
        SPACE.build(TINY.replace(*change))


def test_images_too_small_to_be_pooled_twice_are_refused():
    with pytest.raises(ConfigError, match="resolution must be at least 32"):
        get_space("pit", resolution=16)


@pytest.mark.parametrize("resolution", [32, 64])
def test_networks_keep_the_contract(resolution):
    space = get_space("pit", resolution=resolution, classes=5)
    check_network(space, TINY, images(space, resolution))


def test_the_published_tiny_network_has_its_parameters():
    with unmaterialised():
        assert parameters(get_space("pit", classes=1000).build(TINY)) == 4_847_272


def test_parameters_rank_the_published_networks_as_they_should(shared):
    rows = published_rows(shared, "vit/pit")
    with unmaterialised():
        counts = [parameters(SPACE.build(SPACE.from_columns(row))) for row in rows]
    for target, tau in [("c100_base_acc", 0.716), ("c100_kd_acc", 0.817), ("chaoyang_base_acc", 0.545)]:
        found = kendalltau(counts, [float(row[target]) for row in rows]).statistic
        assert found == pytest.approx(tau, abs=6e-4), target
