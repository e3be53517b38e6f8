"""ParZC: it learns, is deterministic, leaves no trace, and refuses what it cannot use."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import stats
from small_tables import small_table

from evozc.baselines import DAGGERS
from evozc.baselines.parzc import NAMED, ParZC, ParZCSettings, load_predictor, save_predictor
from evozc.baselines.parzc._mixer import BayesianLinear, Mixer
from evozc.engine import Evaluator
from evozc.errors import ConfigError, DataError
from evozc.formula import parse
from evozc.spaces import NasBench201
from evozc.table import Target
from primitives import FULL

KEYS = ("layer.grad_l2", "block.entropy", "network.params")
#: Every part of the predictor, small enough to be trained in a moment.
SMALL = {
    "parzc": replace(NAMED["parzc"], statistics=KEYS[:1], width=16, depth=1, epochs=60, rate=3e-3),
    "parzc-scale": replace(
        NAMED["parzc-scale"], statistics=KEYS[:2], width=16, depth=1, epochs=60, rate=3e-3
    ),
    "parzc-strong": replace(NAMED["parzc-strong"], width=16, epochs=40, draws=3, members=2),
    "parzc-graph": replace(
        NAMED["parzc-graph"], statistics=KEYS, width=16, graph_width=8, epochs=80, draws=3, members=2
    ),
}


@pytest.fixture(scope="module")
def table():
    made = small_table(160, seed=3)
    return replace(made, provenance={"space": "nasbench201", "space_settings": NasBench201().settings()})


@pytest.fixture(scope="module")
def fitted(table):
    train = table.select(range(80))
    return {
        name: ParZC.fit(train, train.target(), settings, seed=1, pool=table)
        for name, settings in SMALL.items()
    }


@pytest.mark.slow
@pytest.mark.parametrize(("name", "least"), [
    ("parzc-scale", 0.3), ("parzc-strong", 0.5), ("parzc-graph", 0.5),
])
def test_settings_that_keep_scale_rank_held_out_architectures(table, fitted, name, least):
    test = table.select(range(80, 160))
    mean, deviation = fitted[name].predict(test)
    assert stats.kendalltau(mean, test.target().merit).statistic > least
    assert mean.dtype == deviation.dtype == np.float64
    assert (deviation >= 0).all()
    assert (deviation > 0).any() == (name != "parzc-scale")


def test_published_scaling_cannot_see_scale(table, fitted):
    louder = replace(table, values={**table.values, "layer.grad_l2": 1000 * table.values["layer.grad_l2"]})
    before, _ = fitted["parzc"].predict(table)
    after, _ = fitted["parzc"].predict(louder)
    assert np.allclose(before, after, atol=1e-3)


@pytest.mark.parametrize("name", SMALL)
def test_a_seed_gives_the_same_predictor_and_no_global_state_changes(table, fitted, name):
    train = table.select(range(80))
    state = torch.random.get_rng_state()
    again = ParZC.fit(train, train.target(), SMALL[name], seed=1, pool=table)
    for one, other in zip(fitted[name].predict(table), again.predict(table), strict=True):
        assert np.array_equal(one, other)
    assert torch.equal(state, torch.random.get_rng_state())


def test_a_seed_gives_the_same_bits_with_any_number_of_threads(table):
    """Wide enough that torch shares sums out among threads as soon as it has several."""
    train = table.select(range(40))
    settings = replace(NAMED["parzc"], statistics=KEYS[:1], width=256, depth=1, epochs=2)
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 5):
            torch.set_num_threads(threads)
            predictor = ParZC.fit(train, train.target(), settings, pool=table)
            weights = [t.numpy().tobytes() for t in predictor.networks[0].state_dict().values()]
            found.append((weights, predictor.predict(table)[0].tobytes()))
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert found[0] == found[1] == found[2]
    assert not torch.are_deterministic_algorithms_enabled()


def test_a_predictor_knows_what_it_was_trained_on(table, fitted):
    lesson = fitted["parzc"].lesson
    assert set(lesson.keys) == set(table.keys[:80])
    assert (lesson.table_hash, lesson.target) == (table.content_hash, "accuracy")
    unseen = fitted["parzc"].unseen(table)
    assert set(unseen.keys) == set(table.keys[80:])


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("scale", [1e306, 1e-320])
def test_extreme_statistics_and_targets_train_without_a_warning(table, name, scale):
    """Infinities, sums that overflow, spreads that under- or overflow: every score is a number."""
    generator = np.random.default_rng(0)
    values = {}
    for key, column in table.values.items():
        with np.errstate(all="ignore"):
            values[key] = column * scale
        odd = generator.choice(len(column), 6, replace=False)
        values[key][odd] = [np.inf, -np.inf, np.nan, 1.7e308, -1.7e308, 5e-324]
    merit = table.target().values * scale
    extreme = replace(table, values=values, targets={"accuracy": Target("accuracy", merit)})
    train = extreme.select(range(80))
    settings = replace(SMALL[name], epochs=3)
    mean, deviation = ParZC.fit(train, train.target(), settings, pool=extreme).predict(extreme)
    assert np.isfinite(mean).all()
    assert np.isfinite(deviation).all()


def test_targets_whose_spread_overflows_are_ranked_as_their_logarithms_would_be(table):
    """Only the order of such values is looked at, so another increasing scale changes nothing."""
    train = table.select(range(80))
    order = np.argsort(np.argsort(train.target().values)).astype(float)
    settings = replace(SMALL["parzc-strong"], epochs=20, members=1)
    found = []
    for values in (order * 1e306, order * 5e-324, order * 2e306):
        target = Target("accuracy", values)
        found.append(ParZC.fit(train, target, settings, pool=table).predict(table)[0])
    assert np.array_equal(found[0], found[1])
    assert np.array_equal(found[0], found[2])
    assert stats.kendalltau(found[0][80:], table.target().values[80:]).statistic > 0.3


def test_another_seed_gives_another_predictor(table, fitted):
    train = table.select(range(80))
    other = ParZC.fit(train, train.target(), SMALL["parzc-strong"], seed=2, pool=table)
    assert not np.allclose(other.predict(table)[0], fitted["parzc-strong"].predict(table)[0])


@pytest.mark.parametrize("name", SMALL)
def test_a_score_does_not_depend_on_which_others_are_asked_for(table, fitted, name):
    whole, _ = fitted[name].predict(table)
    part, _ = fitted[name].predict(table.select([7, 3]))
    assert part == pytest.approx(whole[[7, 3]], rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("name", SMALL)
def test_loading_gives_the_same_predictions(table, fitted, name, tmp_path):
    save_predictor(fitted[name], tmp_path / "it.safetensors")
    loaded = load_predictor(tmp_path / "it.safetensors")
    for one, other in zip(fitted[name].predict(table), loaded.predict(table), strict=True):
        assert np.array_equal(one, other)
    assert (loaded.settings, loaded.lesson) == (SMALL[name], fitted[name].lesson)
    with pytest.raises(DataError, match="exists already"):
        save_predictor(loaded, tmp_path / "it.safetensors")


def test_progress_counts_every_epoch(table):
    seen = []
    settings = replace(SMALL["parzc-strong"], epochs=3)
    ParZC.fit(table, table.target(), settings, observe=lambda *counts: seen.append(counts))
    assert seen == [(i, 6) for i in range(1, 7)]


def test_early_stopping_keeps_the_best_epoch(table):
    settings = replace(SMALL["parzc-scale"], validation=0.25, epochs=30)
    mean, _ = ParZC.fit(table, table.target(), settings).predict(table)
    assert stats.kendalltau(mean, table.target().merit).statistic > 0.4


def test_unusable_samples_are_refused(table):
    constant = replace(table.target(), values=np.full(len(table), 90.0))
    with pytest.raises(DataError, match="same accuracy"):
        ParZC.fit(table, constant, SMALL["parzc"])
    few = table.select(range(3))
    with pytest.raises(DataError, match="too few"):
        ParZC.fit(few, few.target(), SMALL["parzc"])
    with pytest.raises(DataError, match=r"layer\.weight_x_grad_l1"):
        ParZC.fit(table, table.target(), NAMED["parzc"])
    mixed = replace(SMALL["parzc"], statistics=("layer.grad_l2/block.entropy",))
    with pytest.raises(DataError, match="different node sets"):
        ParZC.fit(table, table.target(), mixed)
    nameless = replace(table, provenance={})
    with pytest.raises(ConfigError, match="does not name it"):
        ParZC.fit(nameless, table.target(), SMALL["parzc-graph"])


@pytest.mark.parametrize("change", [
    {"width": 0}, {"loss": "diffkendall+hinge"}, {"scaling": "none"}, {"rate": float("nan")},
    {"segment": 0}, {"statistics": [1]}, {"depth": True}, {"surprise": 1},
])
def test_settings_out_of_range_are_refused(change):
    with pytest.raises(ConfigError, match="ParZC settings"):
        ParZCSettings.from_mapping({**ParZCSettings().to_mapping(), **change})


def test_settings_survive_json():
    for settings in NAMED.values():
        assert ParZCSettings.from_mapping(settings.to_mapping()) == settings


def test_tokens_meet_only_where_the_setting_says_so():
    # A change of one position reaches the other tokens through the mixing map alone.
    def reach(mix_tokens):
        torch.manual_seed(0)
        mixer = Mixer(6, 2, 0, 1, 8, 1, 0.0, mix_tokens, 4)
        block = mixer.blocks[0]
        tokens = torch.randn(1, 6, 8)
        moved = tokens.clone()
        moved[0, 0, 0] += 1
        return (block(tokens) - block(moved))[0, 1:].abs().max().item()

    with torch.random.fork_rng(devices=[]):
        assert reach(False) == 0
        assert reach(True) > 1e-4


def test_bayesian_weights_have_their_declared_mean_deviation_and_divergence():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        layer = BayesianLinear(3, 2)
        draws = torch.stack([layer(torch.eye(3)).detach().T for _ in range(4000)])
        assert torch.allclose(draws.mean(0), layer.mu, atol=1e-3)
        assert torch.allclose(draws.std(0), torch.full((2, 3), 0.0067), atol=5e-4)
        weights = torch.distributions.Normal(layer.mu, torch.nn.functional.softplus(layer.rho))
        trusted = torch.distributions.kl_divergence(weights, torch.distributions.Normal(0.0, 0.3)).sum()
        assert layer.divergence(0.3).item() == pytest.approx(trusted.item(), rel=1e-5)


def test_daggers_weigh_nodes_as_the_released_code_does():
    table = small_table(12)
    depth = np.concatenate([(np.arange(n) + 1) / n for n in table.nodes["layer"].lengths])
    statistics = (*table.statistics, FULL.statistics["layer.depth"])
    table = replace(table, statistics=statistics, values={**table.values, "layer.depth": depth})
    scores = Evaluator(table).scores([parse(DAGGERS[0].text, FULL.with_statistics(statistics))])[0]
    for a in range(12):
        start, end = table.offsets["layer"][a : a + 2]
        length, nodes = end - start, table.values["layer.grad_l2"][start:end]
        weights = [((length - i) / length) ** 2 for i in range(length)]
        assert scores[a] == pytest.approx(np.dot(weights, nodes))
