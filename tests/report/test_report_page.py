"""The report: self-contained, escaped, typeset, and what a real browser makes of it."""

import base64
import hashlib
import html
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from small_tables import small_table

from evozc.comparison import ComparisonSettings, continue_comparison, start_comparison
from evozc.report import draw_figures, render_report, to_mathml
from evozc.report._page import SCRIPT
from evozc.table import save_table

HOSTILE = '<script>document.title="broken"</script><img src=x onerror=alert(1)>"&$x$'


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    save_table(replace(small_table(70)), folder / "small.npz")
    settings = ComparisonSettings(
        methods=("formula", "trees", "proxies"), budgets=(10, 20), seeds=2, population=20, generations=2,
        draws=50,
    )
    with start_comparison(folder / "study", str(folder / "small.npz"), settings) as opened:
        return replace(continue_comparison(opened), table="small.npz")


@pytest.fixture(scope="module")
def page(results):
    return render_report(results, draw_figures(results))


@pytest.fixture(scope="module")
def browser():
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no headless browser: none of " + ", ".join(names) + " is installed")

    def run(path, *options, tmp):
        done = subprocess.run(
            [found, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             f"--user-data-dir={tmp / 'profile'}", "--enable-logging=stderr", *options, f"file://{path}"],
            capture_output=True, text=True, timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done

    return run


def test_figures_are_well_formed_and_the_same_every_time(results):
    figures = draw_figures(results)
    assert set(figures) == {"budgets", "ranks", "fronts", "agreement"}
    assert figures == draw_figures(results)
    for svg in figures.values():
        ET.fromstring(svg)


def without_ours(page):
    """The page without the one script that its policy allows, by hash."""
    ours = f"<script>{SCRIPT}</script>"
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    assert page.count(ours) == 1
    assert f'content="{policy}"' in page
    return page.replace(ours, "")


def test_the_page_loads_nothing_and_runs_one_script_of_ours(page):
    assert "<script" not in without_ours(page)
    outside = re.findall(r'(?:src|href)="(?!#)([^"]+)"|url\((?!#)([^)]+)\)|@import', page)
    assert not outside
    identifiers = re.findall(r'\bid="([^"]+)"', page)
    assert len(identifiers) == len(set(identifiers))
    referred = re.findall(r'href="#([^"]+)"', page) + re.findall(r"url\(#([^)]+)\)", page)
    assert set(referred) <= set(identifiers)


def test_the_page_says_what_the_results_hold(page, results):
    for row in results.methods:
        assert html.escape(row.method) in page
        assert f"{row.tau.mean:.3f}" in page
    for entry in results.formulas:
        assert html.escape(entry.formula) in page
    formulas = page[: page.index('<h2 id="glossary">')]
    assert formulas.count("<math") == sum(len(entry.latex) for entry in results.formulas)


def test_text_from_a_table_is_escaped(results):
    def named(method):
        return HOSTILE if method == "params" else method

    agreement = replace(results.agreement, methods=tuple(map(named, results.agreement.methods)))
    hostile = replace(
        results, table=HOSTILE, target=HOSTILE, unit=HOSTILE, agreement=agreement,
        methods=tuple(replace(row, method=named(row.method)) for row in results.methods),
    )
    page = without_ours(render_report(hostile, draw_figures(hostile)))
    assert "<script" not in page
    assert "<img" not in page
    assert html.escape(HOSTILE, quote=False)[:20] in page


@pytest.mark.parametrize("latex", [
    r"\href{javascript:alert(1)}{x}", "<script>alert(1)</script>", r"\text{<img src=x onerror=alert(1)>}",
    r"\class{x}{y} \style{color:red}{z} \color{red}{z}",
])
def test_mathematics_from_a_table_is_only_mathematics(latex):
    math = ET.fromstring(to_mathml(latex))
    for element in math.iter():
        assert element.tag.startswith("{http://www.w3.org/1998/Math/MathML}m")
        assert not {"href", "style", "class", "onerror", "mathcolor"} & set(element.attrib)


def test_a_browser_shows_the_page(page, browser, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(page, encoding="utf-8")
    done = browser(path, "--dump-dom", tmp=tmp_path)
    assert done.stdout.count("<svg") == 4
    assert "CONSOLE" not in done.stderr  # nothing was refused or failed
    shot = tmp_path / "shot.png"
    browser(path, "--window-size=1200,900", f"--screenshot={shot}", tmp=tmp_path)
    from PIL import Image

    with Image.open(shot) as image:
        assert image.size == (1200, 900)
        assert len(image.convert("RGB").getcolors(1 << 20)) > 50  # not a blank page


def test_a_browser_runs_nothing_from_a_hostile_name(results, browser, tmp_path):
    hostile = replace(results, table=HOSTILE, target=HOSTILE)
    path = tmp_path / "report.html"
    path.write_text(render_report(hostile, draw_figures(hostile)), encoding="utf-8")
    done = browser(path, "--dump-dom", tmp=tmp_path)
    title = re.search("<title>(.*?)</title>", done.stdout, re.DOTALL)[1]
    assert html.unescape(title) == f"evozc: comparison on {HOSTILE}"
    assert done.stdout.count("<script") == 1  # ours
