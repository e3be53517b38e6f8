"""15,625 architectures and 30 proxies are a matter of a minute."""

import time
from dataclasses import replace

import numpy as np
import pytest

from evozc.auditing import audit
from evozc.benchmarks import table_from_scores
from evozc.spaces import get_space
from primitives import scalar


@pytest.mark.slow
def test_all_of_nas_bench_201_in_less_than_a_minute_of_one_core(shared):
    folder = shared / "nasbench201"
    table = table_from_scores(
        folder / "reference_proxies.csv.gz", get_space("nasbench201"),
        targets_file=folder / "accuracy.csv.gz", on="index", architecture_column="arch_str",
        targets=["c10_valid200"],
    )
    draw = np.random.default_rng(0)
    values = {s.name: table.values[s.key] for s in table.statistics}
    published = list(values)
    for k in range(30 - len(published)):
        ranks = np.argsort(np.argsort(values[published[k % len(published)]]))
        values[f"made_{k}"] = np.round(ranks + 3000 * (k % 5) * draw.normal(size=len(table)), k % 3 - 2)
    statistics = tuple(map(scalar, values))
    table = replace(
        table, statistics=statistics, values={s.key: values[s.name].astype(float) for s in statistics}
    )
    started = time.process_time()
    results = audit(table)
    assert time.process_time() - started < 60
    assert len(results.audits[0].proxies) == 30
    assert results.audits[0].architectures == 15_625
