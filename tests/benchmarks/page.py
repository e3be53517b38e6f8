"""One page of measurements: the machine, then everything beside its peers.

    pip install gplearn pyoperon                    # what is not installed is left out
    python tests/benchmarks/page.py > page.md       # everything
    python tests/benchmarks/page.py tau scalars     # some of it

Ratios are of processor time within this run, but for jobs, where wall time stands beside it.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from engine import MEASUREMENTS
from joblib import cpu_count
from proxies import measure_proxies
from scalar_job import measure_scalars

PACKAGES = ("numpy", "scipy", "numba", "torch", "deap", "gplearn", "pyoperon")
PAGE = {
    "tau": ("Exact Kendall tau beside scipy's", MEASUREMENTS["tau"]),
    "trees": ("Evaluation and tau beside stock DEAP", MEASUREMENTS["trees"]),
    "search": ("Whole searches beside stock DEAP", MEASUREMENTS["search"]),
    "scalars": ("The scalar job beside pyoperon, gplearn and stock DEAP, and its roof", measure_scalars),
    "proxies": ("Eight proxies together, and each by its own passes", measure_proxies),
    "jobs": ("Threads", MEASUREMENTS["jobs"]),
}


def processor() -> str:
    """The model of the processor, as Linux names it."""
    path = Path("/proc/cpuinfo")
    fields: dict[str, str] = {}
    for line in path.read_text().splitlines() if path.is_file() else ():
        name, _, value = line.partition(":")
        fields.setdefault(name.strip(), value.strip())
    family = f", family {fields['cpu family']}, model {fields['model']}" if "cpu family" in fields else ""
    wide = ", AVX-512" if "avx512f" in fields.get("flags", "") else ""
    return f"{fields.get('model name', platform.processor() or platform.machine())}{family}{wide}"


def installed(package: str) -> str:
    """A package and its version."""
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return f"no {package}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="*", metavar="measurement", help=", ".join(PAGE))
    chosen = parser.parse_args().what or list(PAGE)
    unknown = sorted(set(chosen) - set(PAGE))
    if unknown:
        parser.error(f"there is no {', '.join(unknown)}; there are {', '.join(PAGE)}")
    load = f", load {os.getloadavg()[0]:.1f} at the start" if hasattr(os, "getloadavg") else ""
    print(f"# Measurements\n\n{processor()}; {cpu_count()} cores{load}; Python {platform.python_version()}, "
          f"{', '.join(map(installed, PACKAGES))}.", flush=True)
    for name in chosen:
        title, measurement = PAGE[name]
        print(f"\n## {title}\n\n```", flush=True)
        measurement()
        print("```", flush=True)
