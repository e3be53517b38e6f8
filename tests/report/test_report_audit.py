"""The page of an audit: self-contained, escaped, and what a real browser makes of it."""

import base64
import hashlib
import html
import re
from dataclasses import replace

import pytest
from browsers import browsing, lightness, overflow
from small_tables import small_table

from evozc.auditing import AuditSettings, audit
from evozc.report import render_audit
from evozc.report._glossary import symbols_of
from evozc.report._page import SCRIPT

HOSTILE = '<script>document.title="broken"</script><img src=x onerror=alert(1)>"&$x$\x1b[31m'
FORMULA = "add(log(network.params), sum(log(layer.grad_l2)))"
QUICK = AuditSettings(draws=40, permutations=19, labels=20, repeats=2, steps=4)


@pytest.fixture(scope="module")
def results():
    table = replace(small_table(70), provenance={"space": "nasbench201", "space_settings": {}})
    return audit(table, [FORMULA], everything=True, settings=QUICK,
                 pair=(table.architectures[0], table.architectures[1]))


@pytest.fixture(scope="module")
def page(results):
    return render_audit(results)


@pytest.fixture(scope="module")
def file(page, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "audit.html"
    path.write_text(page, encoding="utf-8")
    return path


def without_ours(page):
    ours = f"<script>{SCRIPT}</script>"
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    assert page.count(ours) == 1
    assert f"script-src 'sha256-{digest}'" in page
    return page.replace(ours, "")


def test_the_page_loads_nothing_and_runs_one_script_of_ours(page):
    page = without_ours(page)
    assert "<script" not in page
    assert not re.findall(r'(?:src|href)="(?!#)([^"]+)"|url\((?!#)([^)]+)\)|@import', page)
    identifiers = re.findall(r'\bid="([^"]+)"', page)
    assert len(identifiers) == len(set(identifiers))
    referred = re.findall(r'href="#([^"]+)"', page) + re.findall(r"url\(#([^)]+)\)", page)
    assert set(referred) <= set(identifiers)


def test_the_same_results_give_the_same_page(results, page):
    assert render_audit(results) == page


def test_the_page_says_what_the_results_hold(page, results):
    text = html.unescape(page)
    for line in results.verdict:
        assert line in text
    for proxy in results.audits[0].proxies:
        assert html.escape(proxy.name) in page
    assert page.index('id="verdict"') < page.index('id="t0-proxies"') < page.index('id="glossary"')


def test_every_symbol_of_the_formulas_is_in_the_glossary(page, results):
    glossary = page[page.index('<h2 id="glossary">') :]
    for proxy in results.audits[0].proxies:
        symbols = set(re.findall(r"[a-z]+\.[a-z0-9_]+|[a-z_]+(?=\()", proxy.formula))
        assert symbols
        for symbol in symbols:
            assert f"{symbol}</dt>" in glossary, symbol
    entries = {entry.name: entry for entry in symbols_of([FORMULA])}
    assert set(entries) == {"add", "log", "sum", "network.params", "layer.grad_l2"}
    assert all(entry.meaning for entry in entries.values())


def test_text_from_a_table_is_escaped(results):
    one = results.audits[0]
    proxies = (replace(one.proxies[0], name=HOSTILE, formula=HOSTILE, verdict=(HOSTILE,)), *one.proxies[1:])
    hostile = replace(
        results, verdict=(HOSTILE,),
        audits=(replace(one, table=HOSTILE, target=HOSTILE, proxies=proxies, notes=(HOSTILE,)),),
    )
    page = without_ours(render_audit(hostile))
    assert "<script" not in page
    assert "<img" not in page
    assert "\x1b" not in page
    assert "&lt;script&gt;document.title" in page


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844)])
def test_a_browser_shows_it_at_desktop_and_phone_width(file, width, height):
    with browsing(width, height) as browser:
        browser.get(f"file://{file}")
        assert overflow(browser) <= 0
        assert browser.get_log("browser") == []
        assert browser.execute_script("return document.querySelectorAll('svg').length") >= 5
        contents = browser.execute_script("return document.querySelector('nav details').open")
        assert contents == (width > 900)
        narrow = browser.execute_script(
            "return Math.min(...Array.from(document.querySelectorAll('.card td:first-child')).map("
            "cell => cell.getClientRects().length ? cell.offsetWidth : 1e9))")
        assert narrow > 60  # no name is broken letter by letter
        anchors = browser.execute_script(
            "return Array.from(document.querySelectorAll('nav a')).map(a => a.getAttribute('href'))")
        for anchor in anchors:
            assert browser.execute_script("return document.querySelector(arguments[0]) !== null", anchor)


def test_dark_mode_follows_the_system_and_the_button(file):
    with browsing(1280, 900) as browser:
        browser.get(f"file://{file}")
        assert lightness(browser) > 200
        browser.find_element("id", "theme").click()
        assert lightness(browser) < 60
        ink = browser.execute_script(
            "return getComputedStyle(document.querySelector('figure svg g g')).color")
        assert sum(map(int, re.findall(r"\d+", ink)[:3])) > 500  # figures are written in light ink
    with browsing(390, 844, dark=True) as browser:
        browser.get(f"file://{file}")
        assert lightness(browser) < 60
        browser.find_element("id", "theme").click()
        assert lightness(browser) > 200


def test_formulas_are_copied_by_a_button(file):
    with browsing(1280, 900) as browser:
        browser.execute_cdp_cmd("Browser.grantPermissions", {
            "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]})
        browser.get(f"file://{file}")
        button = browser.find_element("css selector", f'button.copy[data-copy="{FORMULA}"]')
        browser.execute_script("arguments[0].scrollIntoView({behavior: 'instant'})", button)
        button.click()
        copied = browser.execute_async_script(
            "const done = arguments[0];"
            "setTimeout(() => navigator.clipboard.readText().then(done, done), 300)")
        assert copied == FORMULA
        assert button.text == "copied"


def test_a_browser_runs_nothing_from_a_hostile_name(tmp_path):
    shown = HOSTILE.replace("\x1b", "")  # tables hold what can be printed alone
    table = replace(
        small_table(40), architectures=tuple(f"{shown}{i}" for i in range(40)), provenance={"space": "texts"}
    )
    path = tmp_path / "audit.html"
    path.write_text(render_audit(audit(table, settings=QUICK)), encoding="utf-8")
    with browsing(1280, 900) as browser:
        browser.get(f"file://{path}")
        assert browser.title == "evozc: audit of table"
        assert browser.get_log("browser") == []
        assert browser.execute_script("return document.querySelectorAll('script, img').length") == 1
