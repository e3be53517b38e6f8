"""Things by name: built-in, registered, or offered by another installed package."""

import subprocess
import sys
import warnings

import pytest

from evozc._registry import _REGISTERED, Registry, adopt, imported, registered
from evozc.errors import ConfigError, DataError

MODULE = """
GOOD = 3
BAD = "three"
"""


def number(name, thing):
    if not isinstance(thing, int):
        raise DataError(f"{name} must be a number")


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Installs a package: entry points by group, as they stand in its metadata."""

    def install(package, points, module=MODULE):
        folder = tmp_path / package
        info = folder / f"{package}-1.2.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.2\n")
        sections = ("\n".join([f"[{group}]", *lines, ""]) for group, lines in points.items())
        (info / "entry_points.txt").write_text("".join(sections))
        (folder / f"{package}_module.py").write_text(module)
        monkeypatch.syspath_prepend(folder)

    return install


@pytest.fixture(autouse=True)
def nothing_registered():
    yield
    _REGISTERED.get("evozc.numbers", {}).clear()


def registry(**built_in):
    return Registry("number", "evozc.numbers", {"pi": "math:pi", "two": 2, **built_in}, number)


def test_built_in_things_are_imported_when_they_are_asked_for():
    numbers = registry(late="json.scanner:NUMBER_RE", broken="no_such_module:x")
    assert numbers.names() == ["pi", "two", "late", "broken"]
    assert (numbers.get("pi"), numbers.get("two"), numbers.added()) == (3.141592653589793, 2, {})
    with pytest.raises(ModuleNotFoundError):  # a fault of ours is no fault of the user's
        numbers.get("broken")


def test_names_that_are_unknown_get_the_nearest_one():
    with pytest.raises(ConfigError, match="unknown number 'twoo'; did you mean 'two'\\?; known are pi, two"):
        registry().get("twoo")


def test_things_are_registered_for_a_process():
    numbers = registry()
    numbers.register("five", 5)
    numbers.register("five", 5)
    assert (numbers.get("five"), numbers.names()) == (5, ["pi", "two", "five"])
    assert numbers.added() == {"five": "registered in Python"}
    for name, thing, message in (("five", 6, "is there already"), ("pi", 3, "is there already"),
                                 ("six", "6", "six must be a number")):
        with pytest.raises((ConfigError, DataError), match=message):
            numbers.register(name, thing)
    assert numbers.names() == ["pi", "two", "five"]


def test_what_is_registered_goes_to_other_processes():
    numbers = registry()
    numbers.register("five", 5)
    with numbers.lent("six", 6):
        assert registered()["evozc.numbers"] == {"five": 5, "six": 6}
    assert registered()["evozc.numbers"] == {"five": 5}
    adopt({"evozc.numbers": {"five": 5.0, "seven": 7}})
    assert registry().get("seven") == 7
    assert registry().get("five") == 5


def test_another_package_adds_things(installed):
    installed("other", {"evozc.numbers": ["three = other_module:GOOD"]})
    numbers = registry()
    assert numbers.names() == ["pi", "two", "three"]
    assert (numbers.get("three"), numbers.added()) == (3, {"three": "other 1.2"})
    numbers.register("three", 33)
    assert numbers.get("three") == 33


def test_a_broken_plug_in_is_warned_of_and_left_out(installed):
    installed("other", {"evozc.numbers": [
        "a = other_module:GOOD", "b = other_module:BAD", "c = other_module:NONE", "d = absent:X",
        "pi = other_module:GOOD",
    ]})
    numbers = registry()
    for name, message in (("b", "b must be a number"), ("c", "has no attribute 'NONE'"),
                          ("d", "No module named 'absent'")):
        with pytest.raises(ConfigError, match=f"number '{name}' of other 1.2 is broken: .*{message}"):
            numbers.get(name)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert numbers.everything() == {"pi": 3.141592653589793, "two": 2, "a": 3}
    assert len(caught) == 3
    assert all(str(warning.message).endswith("; it is left out") for warning in caught)


def test_two_packages_with_one_name_are_both_named(installed):
    installed("one", {"evozc.numbers": ["three = one_module:GOOD"]})
    installed("other", {"evozc.numbers": ["three = other_module:GOOD"]})
    with pytest.raises(ConfigError, match=r"'three' is offered by other 1\.2 and one 1\.2"):
        registry().get("three")


def test_what_a_user_names_is_imported_from_the_current_folder(tmp_path):
    (tmp_path / "here_module.py").write_text(MODULE)
    code = ("from evozc._registry import imported\nprint(imported('number', 'here_module:GOOD'))")
    done = subprocess.run([sys.executable, "-P", "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == "3\n", done.stderr


@pytest.mark.parametrize(
    "name", ["no_such_module:X", "math:no_such", ":x", "math:", "math", "math:pi:pi", "a b:c"]
)
def test_what_cannot_be_imported_is_said(name):
    with pytest.raises(ConfigError, match=f"number '{name}': .*; write package.module:Class"):
        imported("number", name)
