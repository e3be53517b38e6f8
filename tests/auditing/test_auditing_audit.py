"""The whole audit: what it says of proxies made for it, of tables that hold nothing, and its files."""

import json
import random
from dataclasses import replace

import numpy as np
import pytest
from small_tables import small_table

import evozc
from evozc._folder import seal
from evozc._records import from_json, to_json
from evozc.auditing import AuditResults, AuditSettings, read_audit, write_audit
from evozc.auditing._transfer import audit
from evozc.errors import ConfigError, DataError
from evozc.spaces import NasBench201
from evozc.table import Table, Target, save_table
from primitives import scalar

QUICK = AuditSettings(draws=40, permutations=19, steps=4, labels=20, repeats=2)
HOSTILE = '<script>alert("x")</script>'


def made(size=300, seed=0, **more):
    """A table whose columns are known to be what their names say."""
    draw = np.random.default_rng(seed)
    space, texts = NasBench201(), {}
    generator = random.Random(seed)
    while len(texts) < size:
        text = space.sample(generator)
        texts.setdefault(space.canonical_key(text), text)
    size_of = np.exp(draw.normal(size=size))
    quality = draw.normal(size=size)
    merit = np.log(size_of) + quality
    columns = {
        "params": np.round(1e6 * size_of), "size_again": 3 * np.log(size_of) + 0.2 * draw.normal(size=size),
        "new": quality + 0.5 * draw.normal(size=size), "noise": draw.normal(size=size), **more,
    }
    statistics = tuple(scalar(name) for name in columns)
    return Table(
        architectures=tuple(texts.values()), keys=tuple(texts), statistics=statistics, offsets={},
        values={s.key: np.array(columns[s.name], dtype=float) for s in statistics},
        targets={"accuracy": Target("accuracy", merit)},
        provenance={"space": "nasbench201", "space_settings": {}},
    )


def by_name(results, place=0):
    return {p.name: p for p in results.audits[place].proxies}


@pytest.fixture(scope="module")
def results():
    return audit(made(), settings=QUICK)


def test_each_proxy_is_told_to_be_what_it_is(results):
    proxies = by_name(results)
    assert "is params" in proxies["params"].verdict[1]
    assert proxies["size_again"].verdict[1].startswith("is a count of parameters")
    assert proxies["size_again"].verdict[2].startswith("nothing beyond")
    assert "explains a third of it" in proxies["new"].verdict[1]
    assert proxies["new"].verdict[2].startswith("says something beyond")
    assert "no better than chance" in proxies["noise"].verdict[0]
    assert len(results.verdict) <= 5
    assert all(len(p.verdict) <= 5 for p in proxies.values())
    given = {g.baseline: g for g in proxies["size_again"].given}["params"]
    assert given.explained.value > 0.8
    assert given.partial.low < 0.1


def test_the_best_comes_first_and_every_figure_has_its_interval(results):
    taus = [abs(p.ranking["Kendall tau"].value) for p in results.audits[0].proxies]
    assert taus == sorted(taus, reverse=True)
    for proxy in results.audits[0].proxies:
        for name, figure in proxy.ranking.items():
            assert figure.low <= figure.value + 1e-9 or name in ("top 10 %", "nDCG", "regret")
            assert figure.low <= figure.high


def test_a_column_that_falls_with_the_target_is_turned_round():
    table = made(falls=-by_column(made(), "new"))
    found = by_name(audit(table, ["falls", "new"], settings=QUICK))
    assert found["falls"].turned
    assert not found["new"].turned
    for measure in ("top 10 %", "nDCG", "regret"):
        assert found["falls"].ranking[measure] == found["new"].ranking[measure]
    assert found["falls"].ranking["Kendall tau"].value == -found["new"].ranking["Kendall tau"].value


def by_column(table, name):
    return table.values[f"network.{name}"]


def test_a_target_of_which_lower_is_better_is_turned():
    table = made()
    loss = replace(table.target(), values=-table.target().values, higher_is_better=False)
    found = [by_name(audit(t, ["new"], settings=QUICK))["new"].ranking
             for t in (table, table.with_targets([loss]))]
    assert found[0] == found[1]


def test_json_and_back_is_the_same_and_seeds_repeat(results, tmp_path):
    assert from_json(AuditResults, json.loads(json.dumps(to_json(results), allow_nan=False))) == results
    assert audit(made(), settings=QUICK) == results
    write_audit(results, tmp_path / "audit")
    assert read_audit(tmp_path / "audit") == results
    lines = (tmp_path / "audit" / "audit.csv").read_text().splitlines()
    assert lines[0] == "table,proxy,part,measure,value,low,high"
    assert len(lines) > 100
    with pytest.raises(DataError, match="holds an audit already"):
        write_audit(results, tmp_path / "audit")


@pytest.mark.parametrize("damage", [
    lambda content: content.update(format="evozc-audit-0"),
    lambda content: content["audits"][0].pop("proxies"),
    lambda content: content["audits"][0]["proxies"][0].update(missing="none"),
    lambda content: content.update(more=1),
])
def test_files_that_are_not_whole_are_refused(results, tmp_path, damage):
    content = to_json(results)
    damage(content)
    (tmp_path / "audit.json").write_text(seal(json.dumps(content)))
    with pytest.raises(DataError, match=r"audit\.json"):
        read_audit(tmp_path)


def test_flipped_bits_and_links_are_refused(results, tmp_path):
    write_audit(results, tmp_path / "audit")
    path, generator = tmp_path / "audit" / "audit.json", random.Random(0)
    whole = path.read_bytes()
    for place in generator.sample(range(len(whole)), 40):
        flipped = bytearray(whole)
        flipped[place] ^= 1 << generator.randrange(8)
        path.write_bytes(flipped)
        with pytest.raises(DataError, match=r"audit\.json"):
            read_audit(path)
    path.write_bytes(whole)
    (tmp_path / "link.json").symlink_to(path)
    with pytest.raises(DataError, match="a link"):
        read_audit(tmp_path / "link.json")


def test_a_constant_target_has_nothing_to_rank_by():
    table = made()
    flat = table.with_targets([Target("accuracy", np.full(len(table), 90.0))])
    with pytest.raises(DataError, match="all 300 architectures have the same accuracy"):
        audit(flat)


def test_five_architectures_are_too_few():
    with pytest.raises(DataError, match="only 5 architectures that are not isomorphic"):
        audit(made().select(range(5)))


def test_copies_of_few_architectures_are_too_few_as_well():
    table = made(40)
    with pytest.raises(DataError, match="only 1 architectures"):
        audit(replace(table, keys=("same",) * 40))


def test_scores_that_are_tied_constant_missing_or_failed_say_so():
    base = made()
    new = by_column(base, "new").copy()
    rising = np.sort(new)
    odd = made(
        tied=np.where(new > rising[270], new, 0.0), constant=np.ones(300), absent=np.full(300, np.nan),
        failed=np.where(np.arange(300) < 3, -1e8, 700 + new),
    )
    found = by_name(audit(odd, ["tied", "constant", "absent", "failed"], settings=QUICK))
    assert found["tied"].tied > 0.89
    assert any(line.startswith("ties: 90 %") for line in found["tied"].verdict)
    for name in ("constant", "absent"):
        assert found[name].ranking["Kendall tau"].value is None
        assert len(found[name].verdict) == 1
        assert found[name].verdict[0].startswith("ranks nothing: every architecture has the same score")
        assert not found[name].given
    assert "300 have none" in found["absent"].verdict[0]
    assert [(s.value, s.count) for s in found["failed"].sentinels] == [(-1e8, 3)]
    assert any("3 of -1e+08" in line for line in found["failed"].verdict)


def test_what_cannot_be_done_is_noted():
    table = replace(made(60), provenance={"space": "texts"})
    bare = replace(
        table, statistics=(scalar("zen"),), values={"network.zen": by_column(table, "new")})
    found = audit(bare, settings=QUICK).audits[0]
    assert any("gives no graphs" in note for note in found.notes)
    assert any("no column is named as a size" in note for note in found.notes)
    assert "no trivial baseline is known" in found.proxies[0].verdict[1]
    few = audit(bare, settings=AuditSettings(draws=20, permutations=19, labels=59)).audits[0]
    assert any("too small" in note for note in few.notes)


def test_names_of_any_kind_go_through(tmp_path):
    table = made(60)
    hostile = replace(
        table, architectures=tuple(f"{HOSTILE} {i}" for i in range(60)), provenance={"space": "texts"},
    ).with_targets([Target("a\'&$x$", table.target().values)])
    results = audit(hostile, ["new"], settings=QUICK)
    write_audit(results, tmp_path / "audit")
    assert read_audit(tmp_path / "audit") == results
    page = (tmp_path / "audit" / "audit.html").read_text()
    assert "<script>alert" not in page


def test_several_tables_show_what_transfers(tmp_path):
    save_table(made(120, seed=1), tmp_path / "one.npz")
    save_table(made(120, seed=2), tmp_path / "two.npz")
    found = evozc.audit([tmp_path / "one.npz", str(tmp_path / "two.npz")], settings=QUICK)
    assert [a.table for a in found.audits] == ["one", "two"]
    assert {row.name for row in found.transfer} == {"params", "size_again", "new", "noise"}
    worst = [row.worst for row in found.transfer]
    assert worst == sorted(worst, reverse=True)
    assert found.verdict[0].startswith("best by its worst table: ")
    with pytest.raises(ConfigError, match="two tables are called one"):
        evozc.audit([tmp_path / "one.npz", tmp_path / "one.npz"])


def test_a_formula_is_taken_apart_and_a_pair_compared():
    table = small_table(60)
    results = audit(table, ["add(log(network.params), mean(block.entropy))"], again=[small_table(60)],
                    pair=(table.architectures[0], table.architectures[1]), settings=QUICK)
    (proxy,) = results.audits[0].proxies
    assert {part.kind for part in proxy.explanation.parts} == {"term", "statistic", "operator"}
    assert [opinion.text for opinion in proxy.opinions][-1] == "target"
    assert "measurement" in {change.what for change in proxy.changes}
    assert results.audits[0].predictions is not None
    assert "statistics" in {row.features for row in results.audits[0].predictions.rows}


def test_settings_out_of_range_are_refused():
    with pytest.raises(ConfigError, match="at least 19"):
        AuditSettings(permutations=5)
