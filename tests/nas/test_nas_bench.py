"""Picks of a pool: ranks, regret, and that trainings help."""

import numpy as np
import pytest
from small_tables import small_table

from evozc.nas import bench_queries


def test_picks_are_ranked_among_all_and_trainings_help():
    table = small_table(200)
    truth = table.target("accuracy").merit
    terms = np.stack([table.values["network.params"], table.values["network.naswot"]])
    rows = bench_queries(table, terms, budgets=(0, 20, 200), repetitions=3)
    found = {(r.method, r.queries): r for r in rows}
    for method in ("queries", "random search"):
        assert found[method, 200].rank == 1
        assert found[method, 200].regret == 0
        assert found[method, 200].tested == pytest.approx(truth.max())
        assert found[method, 20].rank <= found[method, 0].rank
    first = found["queries", 0]
    assert first.regret == pytest.approx(truth.max() - first.tested)
    assert found["queries", 20].rank < found["random search", 20].rank
