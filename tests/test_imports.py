"""What importing costs, and which rooms import which."""

import json
import resource
import subprocess
import sys

import pytest
from small_tables import environment, python

#: Packages that take long to import, and that only what needs them may.
HEAVY = {"IPython", "deap", "jinja2", "joblib", "matplotlib", "numba", "numpy", "scipy", "sklearn", "sympy",
         "torch", "xgboost"}
LOADED = "import json, sys; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"


def loaded(code):
    """The packages that a piece of code imports."""
    return set(json.loads(python(f"{code}\n{LOADED}").splitlines()[-1]))


@pytest.mark.parametrize(
    ("code", "allowed"),
    [
        ("import evozc; dir(evozc)", set()),
        ("import evozc.cli", set()),
    ],
    ids=["evozc", "command line"],
)
def test_nothing_heavy_is_imported_before_it_is_needed(code, allowed):
    assert loaded(code) & HEAVY <= allowed


def test_help_imports_no_command():
    code = """
import sys
from evozc.cli._main import app
sys.argv = ["evozc", "--help"]
try:
    app()
except SystemExit as end:
    assert not end.code
"""
    assert not loaded(code) & HEAVY


def seconds(*command):
    """Processor time of a process, the least of a few."""
    found = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, capture_output=True, env=environment())
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(found)


def test_importing_takes_less_than_a_third_of_a_second_and_help_less_than_half_of_one():
    assert seconds(sys.executable, "-c", "import evozc") < 0.3
    assert seconds(sys.executable, "-c", "from evozc.cli import main; main()", "--help") < 0.5
