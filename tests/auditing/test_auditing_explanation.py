"""What the parts of a formula contribute: Shapley's axioms, drops, errors, and pairs."""

import numpy as np
import pytest
from small_tables import small_table

from evozc.auditing._explanation import compare_two, explain
from evozc.auditing._scores import score_all
from evozc.auditing._stability import recompute, remeasured, worst
from evozc.engine import Evaluator, kendall_tau, rankable
from evozc.errors import DataError
from evozc.formula import parse
from primitives import FULL

TERMS = ("log(network.params)", "sum(log(layer.grad_l2))", "mean(block.entropy)")


@pytest.fixture(scope="module")
def table():
    return small_table(80)


def taken_apart(text, table):
    formula = parse(text, FULL.with_statistics(table.statistics))
    merit = table.target().merit
    ranked = rankable(Evaluator(table).scores([formula])[0])
    return explain(formula, table, ranked, merit, np.arange(len(table))), merit


def tau(text, table):
    formula = parse(text, FULL.with_statistics(table.statistics))
    return kendall_tau(rankable(Evaluator(table).scores([formula])[0]), table.target().merit)


def test_shapley_values_add_up_to_tau_and_drops_are_what_is_left(table):
    first, second, third = TERMS
    found, _ = taken_apart(f"add(add({first}, {second}), {third})", table)
    terms = {part.text: part for part in found.parts if part.kind == "term"}
    assert set(terms) == set(TERMS)
    whole = tau(f"add(add({first}, {second}), {third})", table)
    assert sum(part.shapley.value for part in terms.values()) == pytest.approx(whole, abs=1e-9)
    for part, others in ((first, (second, third)), (second, (first, third)), (third, (first, second))):
        left = tau(f"add({others[0]}, {others[1]})", table)
        assert terms[part].without.value == pytest.approx(left, abs=1e-9)
        assert terms[part].change.value == pytest.approx(left - whole, abs=1e-9)


def test_equal_terms_have_equal_shares(table):
    found, _ = taken_apart("add(network.params, network.params)", table)
    values = [part.shapley.value for part in found.parts if part.kind == "term"]
    assert values[0] == pytest.approx(values[1], abs=1e-12)
    assert sum(values) == pytest.approx(tau("network.params", table), abs=1e-12)


def test_of_more_than_six_terms_six_share_and_all_are_dropped(table):
    terms = [f"square(sub(network.params, {k}))" for k in range(8)]
    text = terms[0]
    for term in terms[1:]:
        text = f"add({text}, {term})"
    found, _ = taken_apart(text, table)
    parts = [part for part in found.parts if part.kind == "term"]
    assert len(parts) == 8
    assert sum(part.shapley is not None for part in parts) == 6


def test_statistics_and_operators(table):
    found, _ = taken_apart("sum(log(layer.grad_l2))", table)
    parts = {(part.kind, part.text): part for part in found.parts}
    # with every gradient the same, a sum still counts layers
    counted = kendall_tau(np.sign(np.log(np.median(table.values["layer.grad_l2"])))
                          * np.diff(table.offsets["layer"]).astype(float), table.target().merit)
    assert parts["statistic", "layer.grad_l2"].without.value == pytest.approx(counted, abs=1e-9)
    bare = parts["operator", "log(layer.grad_l2)"]
    assert bare.without.value == pytest.approx(tau("sum(layer.grad_l2)", table), abs=1e-9)


def test_a_part_that_everything_hangs_on_leaves_nothing(table):
    found, _ = taken_apart("log(network.params)", table)
    (part,) = [p for p in found.parts if p.kind == "statistic"]
    assert part.without.value is None


def test_errors_are_the_architectures_furthest_from_their_place(table):
    found, merit = taken_apart("network.params", table)
    scores = table.values["network.params"]
    order = {a: i for i, a in enumerate(table.architectures)}
    gaps = [error.true_rank - error.rank for error in found.overrated]
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[0] > 0
    for error in (*found.overrated, *found.underrated):
        place = order[error.architecture]
        assert error.true_rank == 1 + np.count_nonzero(merit > merit[place])
        ties = np.count_nonzero(scores == scores[place]) - 1
        assert error.rank == pytest.approx(1 + np.count_nonzero(scores > scores[place]) + ties / 2)


def test_what_is_said_of_two_architectures(table):
    formula = parse(f"add({TERMS[0]}, {TERMS[1]})", FULL.with_statistics(table.statistics))
    merit = table.target().merit
    first, second = table.architectures[3], table.architectures[7]
    said = compare_two(formula, table, merit, first, second)
    assert [o.text for o in said] == [formula.text, TERMS[0], TERMS[1], "target"]
    assert said[0].scores[0] == pytest.approx(said[1].scores[0] + said[2].scores[0])
    assert said[-1].scores == (merit[3], merit[7])
    assert said[-1].beaten[0] == pytest.approx(np.count_nonzero(merit < merit[3]) / (len(table) - 1))
    with pytest.raises(DataError, match="holds no architecture 'nothing'"):
        compare_two(formula, table, merit, first, "nothing")


def test_units_and_rounding(table):
    own, merit = np.arange(len(table)), table.target().merit
    scale_free, mixed = score_all(
        table, ["sum(log(layer.grad_l2))", "add(network.naswot, network.params)"], {}, everything=False)
    for change in recompute(scale_free, table, merit, own)[:1]:
        assert change.agreement.value > 0.999
    changes = {change.what: change for change in recompute(mixed, table, merit, own)}
    assert changes["float32"].agreement.value > 0.99
    assert changes["units of network.naswot"].agreement.value < 0.99  # a sum of two units
    assert worst(list(changes.values())).what.startswith("units")


def test_other_measurements_are_matched_by_architecture(table):
    own, merit = np.arange(len(table)), table.target().merit
    (scores,) = score_all(table, ["network.params"], {}, everything=False)
    again = {
        "same": table.select(np.arange(len(table))[::-1]), "part": table.select(np.arange(40)),
        "few": table.select(np.arange(5)),
        "other statistics": small_table(80, without=("network.params",)),
    }
    found = {change.what: change for change in remeasured(scores, table, again, merit, own)}
    assert set(found) == {"same", "part"}
    assert found["same"].agreement.value == pytest.approx(1)
    assert found["same"].change.value == pytest.approx(0)
    assert found["part"].architectures == 40
