"""Who is labelled and who is held out, the same for every method of a seed."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

from evozc.errors import DataError
from evozc.table import Table, split_table


def split_budgets(
    table: Table, budgets: Sequence[int], seed: int, seen: Iterable[str] = ()
) -> tuple[dict[int, Table], Table]:
    """Nested labelled samples, one a budget, and the held-out architectures of all of them.

    The largest sample is the one that ``evozc search`` draws with as many labels and the same
    seed; smaller ones are drawn from it, so that curves over budgets compare like with like.

    Args:
        table: All architectures.
        budgets: Numbers of labelled architectures.
        seed: Of the draw.
        seen: Canonical keys that given formulas were searched on; they are not held out.

    Raises:
        DataError: the table has too few architectures for the largest budget.
    """
    largest, held_out = split_table(table, max(budgets), seed)
    known = set(seen)
    kept = [index for index, key in enumerate(held_out.keys) if key not in known]
    if len(kept) < 4:
        raise DataError(f"only {len(kept)} architectures are held out that no given formula was searched on")
    held_out = held_out.select(kept) if known else held_out
    order = random.Random(f"budgets {seed}").sample(range(len(largest)), len(largest))
    return {budget: largest.select(sorted(order[:budget])) for budget in budgets}, held_out
