"""The oldest versions of what the project depends on, by its own ``pyproject.toml``."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
_BOUND = re.compile(r"([A-Za-z0-9._-]+)(?:\[([a-z,]+)\])?(?:>=([0-9.]+))?")


def lower_bounds(*extras):
    """By package, the lowest version that is allowed, of the dependencies and of some extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    waiting = [*project["dependencies"], *(f"evozc[{extra}]" for extra in extras)]
    found = {}
    while waiting:
        name, inner, version = _BOUND.fullmatch(waiting.pop().replace(" ", "")).groups()
        if name == project["name"]:
            for extra in inner.split(","):
                waiting += project["optional-dependencies"][extra]
        else:
            found[name] = version
    return found
