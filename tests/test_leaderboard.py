"""The leaderboard: cells from result files as they are, with their provenance, on one page."""

import hashlib
import html
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from browsers import browsing, lightness, overflow
from small_tables import small_table

from evozc.auditing import AuditSettings, audit, read_audit, write_audit
from evozc.comparison import read_comparison_results
from evozc.errors import DataError
from evozc.leaderboard import collect_leaderboard
from evozc.report import render_leaderboard
from evozc.runs import read_results

RUNS = Path(__file__).parents[1] / "runs"
SETTINGS = AuditSettings(draws=20, permutations=19, labels=20, repeats=2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The committed search and comparison, and an audit of a table with a hostile name."""
    path = tmp_path_factory.mktemp("leaderboard")
    for name in ("digits-comparison", "digits-reference"):
        shutil.copytree(RUNS / name, path / name)
    found = audit(replace(small_table(80), provenance={"space": "nasbench201"}), settings=SETTINGS)
    write_audit(replace(found, audits=(replace(found.audits[0], table="<script>alert(1)</script>"),)),
                path / "one" / "audit")
    return path


@pytest.fixture(scope="module")
def board(folder):
    return collect_leaderboard(folder)


def cell(board, path, method, budget):
    (found,) = [c for c in board.cells if c.source.path == path and (c.method, c.budget) == (method, budget)]
    return found


def test_every_cell_is_what_its_file_says(board, folder):
    chosen = read_results(folder / "digits-reference").chosen
    search = cell(board, "digits-reference/results.json", "evozc search", 200)
    assert (search.tau.value, search.tau.low, search.tau.high) == (
        chosen.held_out_tau, chosen.low, chosen.high)
    for row in read_comparison_results(folder / "digits-comparison").methods:
        method = "evozc search" if row.method == "formula" else row.method
        if row.tau.mean is not None:
            found = cell(board, "digits-comparison/results.json", method, row.budget)
            assert (found.tau.value, found.tau.low, found.tau.high) == (
                row.tau.mean, row.tau.low, row.tau.high)
            assert found.column.architectures == "300 held out, 3 seeds"
    (one,) = read_audit(folder / "one" / "audit").audits
    for proxy in one.proxies:
        found = cell(board, "one/audit/audit.json", proxy.name, 0)
        assert found.tau == proxy.ranking["Kendall tau"]
        assert found.column.architectures == "80"
    predictor = one.predictions.rows[0]
    assert cell(board, "one/audit/audit.json", f"XGBoost: {predictor.features}", 20).tau == predictor.tau


def test_every_cell_names_its_file_and_that_its_contents(board, folder):
    for found in board.cells:
        content = (folder / found.source.path).read_bytes()
        assert found.source.sha256 == hashlib.sha256(content).hexdigest()
        assert re.fullmatch(r"evozc (audit|search|compare), evozc \d+\.\d+\.\d+", found.source.made_by)
    page = render_leaderboard(board)
    for number, source in enumerate(board.sources, start=1):
        assert f'id="source-{number}"' in page
        assert source.sha256 in page
    assert page == render_leaderboard(collect_leaderboard(folder))
    assert html.escape("<script>alert(1)</script>") in page
    assert "<script>alert" not in page


def test_sizes_are_told_to_be_trivial(board):
    trivial = {c.method for c in board.cells if c.trivial}
    assert "params" in trivial
    assert "evozc search" not in trivial


def test_files_that_cannot_be_read_are_named(folder, tmp_path):
    shutil.copytree(folder / "digits-reference", tmp_path / "good")
    shutil.copytree(folder / "digits-comparison", tmp_path / "bad")
    damaged = tmp_path / "bad" / "results.json"
    damaged.write_text(damaged.read_text().replace("0.", "0.1", 1))
    (tmp_path / "stray").mkdir()
    (tmp_path / "stray" / "results.json").write_text("{}")
    board = collect_leaderboard(tmp_path)
    assert {c.source.path for c in board.cells} == {"good/results.json"}
    assert [name for name, _ in board.skipped] == ["bad/results.json", "stray/results.json"]
    assert all(name in render_leaderboard(board) for name, _ in board.skipped)
    shutil.rmtree(tmp_path / "good")
    with pytest.raises(DataError, match="no audit, search or comparison that could be read"):
        collect_leaderboard(tmp_path)
    with pytest.raises(DataError, match="no such folder"):
        collect_leaderboard(tmp_path / "nothing")


def test_the_committed_page_is_that_of_the_committed_files(commands, tmp_path):
    for name in ("audits", "digits-comparison", "digits-reference"):
        shutil.copytree(RUNS / name, tmp_path / "runs" / name)
    done = commands("leaderboard", tmp_path / "runs", "--out", tmp_path / "page.html")
    assert done.code == 0, done.err
    assert "not read" not in done.out
    assert (tmp_path / "page.html").read_bytes() == (RUNS / "leaderboard.html").read_bytes()


@pytest.mark.parametrize(("width", "height", "dark"), [(1280, 900, False), (390, 844, True)])
def test_a_browser_shows_it(board, tmp_path, width, height, dark):
    path = tmp_path / "page.html"
    path.write_text(render_leaderboard(board), encoding="utf-8")
    with browsing(width, height, dark) as browser:
        browser.get(f"file://{path}")
        assert overflow(browser) <= 0
        assert (lightness(browser) < 80) is dark
        assert not browser.get_log("browser")
        assert len(browser.find_elements("css selector", "table")) == len(
            {c.budget for c in board.cells}) + 1
