"""The project works with the oldest versions that ``pyproject.toml`` allows; by its own command::

    python -m pytest -m slow tests/test_oldest_versions.py
"""

import os
import shutil
import subprocess
import sys

import pytest
from oldest import ROOT, lower_bounds
from small_tables import environment

#: What is taken at the version of ``constraints.txt`` instead, and why.
EXEMPT = {
    "torch": "its oldest release is published for CUDA alone, 3 GB with what it needs",
    "hypothesis": "its version decides which examples are drawn, and some cancel all digits but the last",
    "monai": "each release goes with some releases of torch",
}
#: Whatever else depends on versions: kernels, DEAP, tables, exports, plots, reports, networks, commands.
TESTS = (
    "tests/formula", "tests/primitives", "tests/engine", "tests/evolution", "tests/table", "tests/evaluation",
    "tests/exports", "tests/report", "tests/scoring", "tests/extraction/test_extraction_measure.py",
    "tests/baselines", "tests/cli/test_cli_commands.py", "tests/test_api.py", "tests/test_api_proxy.py",
    "tests/test_api_estimator.py", "tests/test_imports.py",
)


def test_every_dependency_has_a_lower_bound():
    assert [name for name, version in lower_bounds("test").items() if version is None] == []


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_oldest_versions_do(tmp_path):
    pinned = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().split() if "==" in line)
    versions = {**lower_bounds("test"), **{name: pinned[name] for name in EXEMPT}}
    wanted = tmp_path / "oldest.txt"
    wanted.write_text("".join(f"{name}=={version}\n" for name, version in versions.items()))
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", wanted], check=True)
    left = shutil.ignore_patterns("__pycache__")
    for folder in ("evozc", "primitives", "tests", "runs"):  # the checkout stays as it is
        shutil.copytree(ROOT / folder, tmp_path / "copy" / folder, ignore=left)
    for file in ("pyproject.toml", "setup.cfg", "README.md", "LICENSE", "constraints.txt"):
        shutil.copy(ROOT / file, tmp_path / "copy")
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--no-deps", "-e", tmp_path / "copy"], check=True
    )
    chosen = os.environ.get("EVOZC_OLDEST_TESTS", " ".join(TESTS)).split()
    # Old releases meet new ones of what they need in turn, which deprecate what they use.
    command = [python, "-m", "pytest", "-q", "-x", "-W", "ignore::DeprecationWarning", *chosen]
    done = subprocess.run(
        command, cwd=tmp_path / "copy", check=False, capture_output=True, text=True,
        env=environment(PYTHONPATH=""),
    )
    assert done.returncode == 0, done.stdout[-5000:]
