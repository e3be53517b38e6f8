"""A package of somebody else's adds one of each kind, and the command line uses them all."""

import hashlib
import json
import subprocess
import sys
import zipfile
from base64 import urlsafe_b64encode

import numpy as np
import pytest
from small_tables import environment, evozc

from evozc.table import load_table

#: One file a kind.
SOURCES = {
    "__init__": "",
    "space": '''
from dataclasses import dataclass
from typing import ClassVar
from evozc.errors import DataError
from evozc.spaces import ImageInputs, Outputs

@dataclass(frozen=True)
class Bits:
    width: int = 4

    name: ClassVar[str] = "bits"
    count: ClassVar[int] = 64
    inputs: ClassVar[ImageInputs] = ImageInputs(3)
    outputs: ClassVar[Outputs] = Outputs("classes", 10)

    def settings(self):
        return {"width": self.width}

    def canonical_key(self, architecture):
        if len(architecture) != 6 or set(architecture) - set("01"):
            raise DataError(f"architecture {architecture[:40]!r} is not six bits")
        return architecture

    def build(self, architecture):
        from torch import nn
        self.canonical_key(architecture)
        kernels = [1 + 2 * int(bit) for bit in architecture]
        layers = [nn.Conv2d(self.width, self.width, kernel, padding="same") for kernel in kernels]
        return nn.Sequential(nn.Conv2d(3, self.width, 3), *layers, nn.ReLU(), nn.AdaptiveAvgPool2d(1),
                             nn.Flatten(), nn.Linear(self.width, 10))

    def blocks(self, network):
        return list(network)[1:7]

    def sample(self, generator):
        return "".join(generator.choice("01") for _ in range(6))

    def neighbours(self, architecture):
        self.canonical_key(architecture)
        return [architecture[:i] + "10"[int(architecture[i])] + architecture[i + 1:] for i in range(6)]
''',
    "operator": '''
from primitives import Operator, Sign

def cube(x):
    return x**3

CUBE = Operator(
    "cube", "elementwise", cube, "x to the third", latex="{0}^{{3}}", precedence=2,
    sympy=lambda x: x**3, sign=lambda x: x | Sign.ZERO, increasing=Sign.REAL,
)
''',
    "group": '''
from evozc.extraction import Group
from primitives import Sign, Statistic

class Norms(Group):
    name = "norms"
    statistics = (
        Statistic("layer", "weight_l3", "cube root of the sum of |w|^3", Sign.NONNEGATIVE, group="norms"),
    )

    def own_passes(self, run):
        for node in run.nodes["layer"]:
            node.values["weight_l3"] = node.weight.detach().double().norm(3).item()
''',
    "proxy": '''
from evozc.baselines import KnownProxy

CUBIC = KnownProxy("cubic", "sum(cube(layer.weight_l3))", "made up for a test")
''',
    "reader": '''
import numpy as np
from evozc.benchmarks.readers import Published, Wanted
from evozc.errors import DataError

class Dots:
    """Lines of ``architecture: loss score``."""

    name = "dots"

    def fits(self, path, head):
        return head.startswith(b"%dots")

    def read(self, path, request):
        try:
            lines = path.read_text("utf-8").splitlines()[1:]
            cells = [line.replace(":", "").split() for line in lines]
            numbers = np.array([[float(x) for x in row[1:3]] for row in cells])
            (losses, scores), names = numbers.T, tuple(row[0] for row in cells)
        except (OSError, ValueError, IndexError) as error:
            raise DataError(f"{path}: no dots: {error}") from error
        if not names or not np.isfinite(losses).all():
            raise DataError(f"{path}: every architecture needs a finite loss")
        (wanted,) = request.targets or (Wanted("loss"),)
        if wanted.name != "loss":
            raise DataError(f"{path}: holds no {wanted.name!r} but loss")
        target = wanted.target(losses, higher_is_better=False, unit="nats")
        places = tuple(f"line {k}" for k in range(2, len(names) + 2))
        found = {"score": np.where(np.isfinite(scores), scores, np.nan)} if request.scores else {}
        return Published(path, places, names, names, (target,), found, notes=("dots were read",))
''',
    "method": '''
from evozc.comparison.methods import Ranking

class Ones:
    """Ranks architectures by how many of their bits are set."""

    name = "ones"
    needs_labels = False
    standard = True
    order = 50.0
    colour = "#123456"

    def cost(self, labels):
        return 0.1

    def check(self, table):
        pass

    def run(self, task, conditions):
        scores = tuple(float(text.count("1")) for text in task.held_out.architectures)
        return [Ranking(self.name, scores, 0.0, 0.0, 1, "symbols")]

ONES = Ones()
''',
    "tests": '''
from pathlib import Path
from evozc.benchmarks.readers import Request
from evozc.table import load_table
from evozc.testing import check_group, check_method, check_operator, check_reader, check_space
from shop.group import Norms
from shop.method import ONES
from shop.operator import CUBE
from shop.reader import Dots
from shop.space import Bits

def run(example, folder, table):
    check_space(Bits())
    check_operator(CUBE)
    check_group(Norms, others=["shapes"])
    check_reader(Dots, Path(example), Request(Bits(), scores=True), folder=Path(folder), best="111111")
    check_method(ONES, load_table(table))
''',
}
POINTS = {
    "evozc.spaces": "bits = shop.space:Bits", "evozc.operators": "cube = shop.operator:CUBE",
    "evozc.groups": "norms = shop.group:Norms", "evozc.proxies": "cubic = shop.proxy:CUBIC",
    "evozc.readers": "dots = shop.reader:Dots", "evozc.methods": "ones = shop.method:ONES",
}


def wheel(folder, version="1.0", points=POINTS, sources=SOURCES):
    """A wheel of the package, written by hand, so that nothing is needed to build it."""
    info = f"shop-{version}.dist-info"
    files = {f"shop/{name}.py": text for name, text in sources.items()}
    files |= {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: shop\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "".join(f"[{group}]\n{line}\n" for group, line in points.items()),
    }
    digests = {
        name: urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        for name, text in files.items()
    }
    record = "".join(f"{name},sha256={digests[name]},{len(text)}\n" for name, text in files.items())
    path = folder / f"shop-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            archive.writestr(name, text)
    return path


@pytest.fixture(scope="module")
def install(tmp_path_factory):
    """Installs a wheel into a folder of its own; gives a function that runs Python or evozc with it."""

    def install(**what):
        folder = tmp_path_factory.mktemp("site")
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps",
                   "--disable-pip-version-check", "--target", folder / "site", wheel(folder, **what)]
        subprocess.run(command, check=True, env=environment(), timeout=120)

        def run(*arguments, code="", cwd=None):
            command = [sys.executable, "-c", code, *map(str, arguments)] if code else evozc(*arguments)
            paths = [str(folder / "site"), *filter(None, sys.path)]
            return subprocess.run(command, cwd=cwd, env=environment(PYTHONPATH=":".join(paths)),
                                  capture_output=True, text=True, timeout=240)

        return run

    return install


@pytest.fixture(scope="module")
def shop(install):
    return install()


@pytest.fixture(scope="module")
def place(tmp_path_factory, shop):
    """Published losses of all 64 architectures, and statistics of theirs, extracted by the plug-ins."""
    folder = tmp_path_factory.mktemp("place")
    names = [f"{number:06b}" for number in range(64)]
    losses = {name: 7 - name.count("1") + 0.1 * (hash(name) % 2) for name in names}
    lines = [f"{name}: {losses[name]} {-name.count('1')}" for name in names]
    (folder / "published.txt").write_text("\n".join(["%dots", *lines]) + "\n")
    images = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 3), dtype=np.uint8)
    np.savez(folder / "images.npz", x=images, y=np.arange(40) % 10)
    (folder / "nets.py").write_text("from shop.space import Bits\ndef net(): return Bits().build('110011')\n")
    done = shop("extract", "published.txt", "images.npz", "bits.npz", "--space", "bits", "--space-option",
                "width=3", "--statistics", "shapes,norms", "--batch", 8, "--jobs", 2, cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert "dots were read" in done.stdout
    return folder


RUN = ("--labels", 20, "--population", 40, "--generations", 2)


@pytest.fixture(scope="module")
def run(place, shop):
    """A finished search over the extracted table."""
    done = shop("search", "bits.npz", "--run", "run", *RUN, "--seed-proxy", "cubic", cwd=place)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return place / "run", done.stdout


def test_the_contract_tests_pass_for_what_the_package_adds(place, shop, tmp_path):
    (tmp_path / "empty").mkdir()
    code = "import sys; from shop.tests import run; run(*sys.argv[1:])"
    done = shop(place / "published.txt", tmp_path / "empty", place / "bits.npz", code=code)
    assert done.returncode == 0, done.stderr


def test_a_space_a_group_and_a_reader_make_a_table(place):
    table = load_table(place / "bits.npz")
    assert (len(table), table.provenance["space"]) == (64, "bits")
    assert table.provenance["space_settings"] == {"width": 3}
    target = table.target("loss")
    assert (target.higher_is_better, target.unit) == (False, "nats")
    assert np.isfinite(table.values["layer.weight_l3"]).all()
    assert "shop 1.0" in json.dumps(table.provenance)


def test_a_reader_makes_a_table_of_scores(place, shop, tmp_path):
    done = shop("table", "published.txt", tmp_path / "scores.npz", "--space", "bits", cwd=place)
    assert (done.returncode, done.stderr) == (0, "")
    assert list(load_table(tmp_path / "scores.npz").values) == ["network.score"]
    done = shop("table", "published.txt", tmp_path / "no.npz", "--space", "bits", "--target", "loss:higher",
                cwd=place)
    assert (done.returncode, done.stdout) == (2, "")
    assert "by the file's format lower is better" in done.stderr


def test_an_operator_a_statistic_and_a_proxy_are_searched_with(run):
    folder, out = run
    scored = (folder / "formulas.jsonl").read_text()
    assert scored.count("cube(") > 20
    assert "weight_l3" in scored
    manifest = json.loads((folder / "manifest.json").read_text())
    assert "sum(cube(layer.weight_l3))" in manifest["starters"]
    assert manifest["symbols"]["plug_ins"] == {"cube": "shop 1.0"}
    assert "cubic" in out
    assert "loss (lower is better)" in out


@pytest.mark.slow
def test_a_formula_of_plug_ins_is_exported_and_scores_a_network(place, shop, run, tmp_path):
    done = shop("score", "nets:net", "--proxy", "cubic", "--input", "3,8,8", cwd=place)
    assert (done.returncode, done.stderr) == (0, "")
    value = float(done.stdout.splitlines()[-1].split()[-1])
    assert value > 0
    done = shop("export", run[0], "--format", "text", cwd=place)
    assert done.returncode == 0
    done = shop("zoo", "--json")
    listed = {entry["name"]: entry for entry in json.loads(done.stdout)}
    assert listed["cubic"]["groups"] == ["norms"]
    code = (
        "import sys; from evozc.baselines import find_proxy; from evozc.exports import to_torch\n"
        "print(to_torch(find_proxy('cubic').formula))"
    )
    (tmp_path / "cubic.py").write_text(shop(code=code).stdout)
    code = (
        "import torch, cubic\n"
        "generator = torch.Generator().manual_seed(0)\n"
        "from nets import net; from evozc.scoring import load_network\n"
        "print(cubic.score(load_network('nets:net'), torch.randn(4, 3, 8, 8)))"
    )
    (tmp_path / "nets.py").write_text((place / "nets.py").read_text())
    done = shop(code=code, cwd=tmp_path)
    assert float(done.stdout) == pytest.approx(value, rel=1e-5), done.stderr


def test_a_method_is_compared(place, shop):
    done = shop("compare", "bits.npz", "--method", "ones", "--method", "proxies", "--budget", 10,
                "--seeds", 1, "--draws", 20, "--run", "comparison", cwd=place)
    assert (done.returncode, done.stderr) == (0, "")
    row = next(line for line in done.stdout.splitlines() if line.startswith("ones "))
    assert float(row.split()[1]) > 0.8


def test_a_run_does_not_go_on_with_other_plug_ins(place, install, run, shop):
    (run[0] / "results.json").unlink()
    fewer = {group: line for group, line in POINTS.items() if "operators" not in group}
    for version, points in (("2.0", POINTS), ("1.0", fewer)):
        other = install(version=version, points=points)
        done = other("search", "--resume", "run", cwd=place)
        assert (done.returncode, done.stdout) == (5, ""), done.stderr
        assert "cube" in done.stderr
        assert "shop 1.0" in done.stderr
    done = shop("search", "--resume", "run", cwd=place)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_broken_plug_in_is_said_and_left_out(install, place):
    broken = install(sources={**SOURCES, "operator": "CUBE = 1 / 0", "proxy": "CUBIC = 'cubic'"})
    done = broken("zoo")
    assert done.returncode == 0
    assert "cubic" not in done.stdout
    proxy = "it is no evozc.baselines.KnownProxy of the name 'cubic'"
    assert done.stderr.splitlines() == [
        f"evozc: proxy 'cubic' of shop 1.0 is broken: ConfigError: {proxy}; it is left out",
        "evozc: operator 'cube' of shop 1.0 is broken: ZeroDivisionError: division by zero; it is left out",
    ]
