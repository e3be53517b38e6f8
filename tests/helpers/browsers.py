"""A headless browser, where one is installed."""

import shutil
from contextlib import contextmanager

import pytest

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


@contextmanager
def browsing(width, height, dark=False):
    """A driver of a window of this size; the test is skipped where there is none."""
    binary = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    driver = shutil.which("chromedriver")
    if binary is None or driver is None:
        lacking = "browser: none of " + ", ".join(_BROWSERS) if binary is None else "chromedriver"
        pytest.skip(f"no headless {lacking} is installed")
    webdriver = pytest.importorskip("selenium.webdriver")
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options, Service(driver))
    try:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        if dark:
            browser.execute_cdp_cmd(
                "Emulation.setEmulatedMedia",
                {"features": [{"name": "prefers-color-scheme", "value": "dark"}]},
            )
        yield browser
    finally:
        browser.quit()


def overflow(browser):
    """By how many pixels the page is wider than its window."""
    return browser.execute_script("return document.documentElement.scrollWidth - innerWidth")


def lightness(browser, element="body"):
    """Of an element's background, from 0 to 255."""
    script = "return getComputedStyle(document.querySelector(arguments[0])).backgroundColor"
    colour = browser.execute_script(script, element)
    return sum(int(part) for part in colour.strip("rgba()").split(",")[:3]) / 3
