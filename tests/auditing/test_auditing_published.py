"""Published figures of NAS-Bench-Suite-Zero, from published data: what they are, and what becomes of them."""

from dataclasses import replace

import numpy as np
import pytest

from evozc.auditing._baselines import trivial_baselines
from evozc.auditing._bias import pearson_without_failures, published_bias, rank_bias, structures
from evozc.auditing._information import information
from evozc.auditing._operations import count_operations
from evozc.auditing._predictors import one_hot, predict
from evozc.auditing._scores import FAILED, Scores
from evozc.benchmarks import table_from_scores
from evozc.formula import parse
from evozc.spaces import get_space

#: Bias of NAS-Bench-201, CIFAR-10, towards conv:pool and cell size, as published, over all 15,625.
PUBLISHED_201 = {
    "synflow": (0.53, 0.57), "snip": (0.37, None), "nwot": (0.06, 0.28), "zen": (0.05, 0.35),
    "params": (0.61, 0.29), "accuracy": (0.36, 0.36),
}
#: Of the 9,445 without unreachable operations those that do not depend on the others are near as well.
PUBLISHED_VALID = {
    "l2_norm": 0.87, "params": 0.61, "flops": 0.59, "snip": 0.37, "grad_norm": 0.35, "grasp": 0.01,
    "plain": -0.33, "fisher": 0.05,
}


@pytest.fixture(scope="module")
def every(shared):
    """All 15,625: reference proxies, and the validation accuracy that the figures are of."""
    folder = shared / "nasbench201"
    return table_from_scores(
        folder / "reference_proxies.csv.gz", get_space("nasbench201"),
        targets_file=folder / "accuracy.csv.gz", on="index", architecture_column="arch_str",
        targets=["c10_valid200"],
    )


@pytest.fixture(scope="module")
def valid(shared):
    """The 9,445 without unreachable operations, 13 proxies."""
    folder = shared / "nasbench201"
    return table_from_scores(
        folder / "suitezero13.csv.gz", get_space("nasbench201"), targets_file=folder / "accuracy.csv.gz",
        on="index", architecture_column="arch_str", targets=["c10_valid200"],
    )


def scores(name, values):
    return Scores(name, parse("network.params"), values)


def columns_of(table):
    return {s.name: table.values[s.key] for s in table.statistics}


@pytest.fixture(scope="module")
def of_all(every):
    """Suite-Zero's scores of all 15,625: synflow is a logarithm there, failures stand as -1e8."""
    found = columns_of(every)
    operations = count_operations(every)
    counts = dict(zip(operations.names, operations.counts, strict=True))
    synflow = found["c10_synflow"]
    return operations, {
        "synflow": np.where(synflow > 0, np.log(np.where(synflow > 0, synflow, 1)), 0.0),
        "snip": found["c10_snip"], "nwot": found["c10_naswot"], "zen": found["c10_zen_naslib"],
        "params": 9 * counts["nor_conv_3x3"] + counts["nor_conv_1x1"], "accuracy": every.target().values,
    }


@pytest.mark.parametrize("name", PUBLISHED_201)
def test_the_published_bias_of_nas_bench_201(of_all, name):
    operations, found = of_all
    towards = {s.name: s for s in structures([], operations)}
    for structure, published in zip(("conv:pool", "cell size"), PUBLISHED_201[name], strict=True):
        if published is not None:
            bias = published_bias(scores(name, found[name]), towards[structure])
            assert bias == pytest.approx(published, abs=0.02)


def test_without_failures_the_published_bias_is_another_one(of_all):
    operations, found = of_all
    towards = {s.name: s for s in structures([], operations)}
    nwot, zen = (scores(name, found[name]) for name in ("nwot", "zen"))
    assert pearson_without_failures(nwot, towards["conv:pool"]) == pytest.approx(0.72, abs=0.01)
    assert pearson_without_failures(zen, towards["cell size"]) == pytest.approx(0.73, abs=0.01)
    assert nwot.known.sum() == 15625 - 201
    assert zen.known.sum() == 15625 - 341


@pytest.mark.parametrize("name", PUBLISHED_VALID)
def test_of_the_valid_ones_alone_it_is_nearly_the_same(valid, name):
    (conv_pool,) = [s for s in structures([], count_operations(valid)) if s.name == "conv:pool"]
    bias = published_bias(scores(name, columns_of(valid)[name]), conv_pool)
    assert bias == pytest.approx(PUBLISHED_VALID[name], abs=0.035)


def test_one_failure_bends_it(shared):
    """724 architectures as released, one score of -1e8: jacov .35 becomes .04, epe_nas .67 becomes .04."""
    table = table_from_scores(shared / "suitezero" / "zc_nasbench201.json", get_space("nasbench201"))
    (conv_pool,) = [s for s in structures([], count_operations(table)) if s.name == "conv:pool"]
    for name, clean, ranks in (("jacov", 0.35, 0.75), ("epe_nas", 0.67, 0.65)):
        found = scores(name, columns_of(table)[name])
        assert np.count_nonzero(~found.known) == 1
        assert published_bias(found, conv_pool) == pytest.approx(0.04, abs=0.01)
        assert pearson_without_failures(found, conv_pool) == pytest.approx(clean, abs=0.01)
        assert rank_bias(found, conv_pool, np.arange(len(table))).value == pytest.approx(ranks, abs=0.02)


def test_nas_bench_301_within_what_a_sample_of_362_allows(shared):
    table = table_from_scores(
        shared / "suitezero" / "nasbench301.csv.gz", get_space("darts", network="suite-zero"),
        architecture_column="arch", targets=["val_accuracy"],
    )
    operations = count_operations(table)
    assert operations is not None
    towards = {s.name: s for s in structures(trivial_baselines(table, operations), operations)}
    for name, conv_pool, params in (
        ("nwot", 0.78, 0.95), ("l2_norm", 0.76, 0.99), ("flops", 0.70, 0.99), ("params", 0.78, 1.0),
    ):
        found = scores(name, columns_of(table)[name])
        assert published_bias(found, towards["conv:pool"]) == pytest.approx(conv_pool, abs=0.025)
        assert published_bias(found, towards["params"]) == pytest.approx(params, abs=0.02)


def test_nas_bench_101_counts_the_operations_that_are_used(shared):
    """Of 250 architectures; the published figures are of 9,781, whose own 95 % is about .1 wide here."""
    table = table_from_scores(
        shared / "suitezero" / "nasbench101.csv.gz", get_space("nasbench101"), targets=["val_acc108"])
    (conv_pool,) = [s for s in structures([], count_operations(table)) if s.name == "conv:pool"]
    for name, published in (("synflow", 0.76), ("l2_norm", 0.62), ("snip", 0.21), ("plain", -0.37)):
        bias = published_bias(scores(name, columns_of(table)[name]), conv_pool)
        assert bias == pytest.approx(published, abs=0.1)


def test_the_information_curve_and_its_shuffled_twin(valid):
    found = {name: np.where(np.isfinite(v), v, FAILED) for name, v in columns_of(valid).items()}
    told = information(valid.target().values, found, "published", steps=5, permutations=19, seed=0)
    assert told.bins <= 31
    curve = [told.entropy, *(step.entropy for step in told.steps)]
    assert curve == pytest.approx([2.47, 1.80, 1.57, 1.36, 1.15, 1.10], abs=0.03)
    assert told.shuffled == pytest.approx([2.47, 2.44, 2.24, 1.92, 1.78, 1.69], abs=0.03)
    assert [step.name for step in told.steps] == ["synflow", "l2_norm", "plain", "flops", "snip"]
    assert set(told.shuffled_order) == {step.name for step in told.steps}  # the same without any information
    assert told.telling == 2
    assert told.steps[0].corrected.low > 0.6
    assert max(step.corrected.value for step in told.steps[2:]) < 0.1


@pytest.mark.slow
def test_what_13_proxies_add_to_a_one_hot_encoding(valid):
    encoding, rows = one_hot(valid), np.stack(list(valid.values.values()), axis=1)
    features = {"encoding": encoding, "scores": rows, "both": np.concatenate([encoding, rows], axis=1)}
    found = predict(valid, valid.target().merit, features, labels=100, repeats=8, seed=0)
    taus = [row.tau.value for row in found.rows]
    assert taus == pytest.approx([0.517, 0.722, 0.730], abs=0.02)
    assert found.rows[-1].gain.value == pytest.approx(0.41, abs=0.03)
    assert found.tested == 1000


def test_neither_binning_nor_failures_change_what_is_told(valid):
    clean = np.all([scores(n, v).known for n, v in columns_of(valid).items()], axis=0)
    kept = replace(valid.select(np.flatnonzero(clean)))
    told = information(
        kept.target().values, columns_of(kept), "textbook", steps=6, permutations=19, seed=0)
    assert told.bins == 14
    assert told.telling in (2, 3)
