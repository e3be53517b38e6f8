"""What a formula can be written as, by name."""

import json

import numpy as np
import pytest
from small_tables import small_table

from evozc.engine import Evaluator, rank_references
from evozc.errors import ConfigError, FormulaError
from evozc.exports import FORMATS, Exported, export, to_python
from evozc.formula import parse

LOGGED = parse("sum(log(layer.grad_l2))")


def test_every_format_writes_a_formula():
    written = {name: export(Exported(LOGGED, note="found yesterday"), name) for name in FORMATS.names()}
    assert written["text"] == LOGGED.text
    assert written["python"] == to_python(LOGGED, {}, "found yesterday").rstrip("\n")
    assert "found yesterday" in written["torch"]
    content = json.loads(written["json"])
    assert (content["formula"], content["size"]) == (LOGGED.text, 3)
    assert set(content["statistics"]) == {"layer.grad_l2"}
    assert len(set(written.values())) == len(written)


def test_references_are_asked_for_only_where_they_are_needed():
    table = small_table()
    ranked = parse("add(logrank(sum(block.entropy)), logrank(network.params))")
    asked = []

    def references():
        asked.append(1)
        return rank_references(ranked, table)

    exported = Exported(ranked, references)
    for name in ("text", "latex", "sympy", "json"):
        export(exported, name)
    assert not asked
    space = {}
    exec(export(exported, "python"), space)
    expected = Evaluator(table).scores([ranked])[0]
    for index in range(5):
        one = table.select([index])
        statistics = {s.key: one.values[s.key] for s in ranked.statistics()}
        np.testing.assert_allclose(space["score"](statistics), expected[index], rtol=1e-9)
    with pytest.raises(FormulaError, match="reference"):
        export(Exported(ranked), "python")


def test_a_format_of_ones_own():
    with FORMATS.lent("loud", lambda exported: exported.formula.text.upper() + "\n"):
        assert export(Exported(LOGGED), "loud") == LOGGED.text.upper()
        with pytest.raises(ConfigError, match="unknown format 'lout'; did you mean 'loud'"):
            export(Exported(LOGGED), "lout")
