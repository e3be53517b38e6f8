"""Scoring networks and listing proxies, as a user meets it."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
import user_networks
from small_tables import Commands, small_table

from evozc.baselines import ZOO
from evozc.engine import rank_references
from evozc.formula import parse
from evozc.runs import read_results
from evozc.scoring import load_network, noise, score
from evozc.table import save_table

torch.set_num_threads(1)
CONV, MLP = "user_networks:Convolutions", "user_networks:perceptron"
NOISE = ("--input", "3,8,8", "--batch", 8)


@pytest.fixture(scope="module")
def commands(tmp_path_factory):
    """Runs evozc commands with torch imported already."""
    running = Commands(tmp_path_factory.mktemp("commands"), "evozc.scoring")
    yield running
    running.close()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a module of networks, labelled images and labelled tokens."""
    folder = tmp_path_factory.mktemp("place")
    shutil.copy(user_networks.__file__, folder / "user_networks.py")
    draw = np.random.default_rng(0)
    x, y = draw.integers(0, 256, (30, 8, 8, 3), dtype=np.uint8), draw.integers(0, 4, 30)
    np.savez(folder / "images.npz", x=x, y=y)
    np.savez(folder / "tokens.npz", x=draw.integers(0, 20, (30, 6)), y=y)
    np.savez(folder / "numbers.npz", x=draw.normal(size=(30, 3, 8, 8)), y=y)
    return folder


def shown(out):
    """By formula, the numbers of the printed table."""
    lines = out.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("higher is better"))
    rows = {}
    for line in lines[start + 1 :]:
        if line.startswith(("not computed", "note", "left out")):
            break
        name, *numbers = line.rsplit(None, len(lines[start].split()) - 3)
        rows[name.strip()] = [float(number) for number in numbers]
    return rows


def test_networks_are_scored_by_formulas_and_proxies(place, commands):
    text = "add(log(network.params), logrank(sum(layer.numel)))"
    done = commands(
        "score", CONV, MLP, "--formula", text, "--proxy", "synflow", *NOISE, cwd=place
    )
    assert (done.code, done.err) == (0, "")
    rows = shown(done.out)
    networks = [user_networks.Convolutions(), user_networks.perceptron()]
    layers = [
        sum(m.weight.numel() for m in n.modules() if hasattr(m, "weight") and m.weight.ndim > 1)
        for n in networks
    ]
    ranks = [np.log((1 + (own > other)) / 2) for own, other in (layers, layers[::-1])]
    params = [sum(p.numel() for p in n.parameters()) for n in networks]
    assert rows[text] == pytest.approx(np.log(params) + ranks, rel=1e-5)
    inputs = noise((3, 8, 8), 8)
    expected = [score(load_network(name), "synflow", inputs) for name in (CONV, MLP)]
    assert rows["synflow"] == pytest.approx(expected, rel=1e-5)


def test_noise_says_which_proxies_need_labels_and_data_give_them(place, commands):
    done = commands("score", CONV, *NOISE, cwd=place)
    assert (done.code, done.err) == (0, "")
    needing = [proxy.name for proxy in ZOO if proxy.needs_labels]
    assert "standard normal noise, 8 x 3 x 8 x 8, seed 0; these need labels" in done.out
    assert f"--data: {', '.join(needing)}\n" in done.out
    labelled = commands("score", CONV, "--data", "images.npz", "--batch", 8, cwd=place)
    assert (labelled.code, labelled.err) == (0, "")
    assert set(shown(labelled.out)) - set(shown(done.out)) == set(needing)
    assert set(shown(labelled.out)) == {proxy.name for proxy in ZOO} - {"aznas"}
    assert "not computed: aznas compares networks" in labelled.out


@pytest.mark.parametrize(
    ("network", "given"),
    [
        ("user_networks:Encoder", ("--input", "6", "--tokens", 20)),
        ("user_networks:Encoder", ("--data", "tokens.npz")),
        ("user_networks:EncoderAndDecoder", ("--input", "5,8")),
        (MLP, ("--data", "numbers.npz")),
    ],
)
def test_inputs_of_every_kind(place, commands, network, given):
    done = commands("score", network, "--proxy", "nwot", "--batch", 8, *given, cwd=place)
    assert (done.code, done.err) == (0, "")
    assert np.isfinite(shown(done.out)["nwot"]).all()


def test_blocks_can_be_named(place, commands):
    def entropy(*blocks):
        done = commands("score", CONV, "--formula", "sum(block.entropy)", *NOISE, *blocks, cwd=place)
        assert (done.code, done.err) == (0, "")
        return shown(done.out)["sum(block.entropy)"]

    assert entropy("--blocks", "stem.0, stem.1,stem.2") == entropy()
    assert entropy("--blocks", "stages.0") != entropy()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ((CONV, "--proxy", "snip", *NOISE), 4, "snip needs labels: layer.weight_x_grad_l1"),
        (("user_networks:Bare", "--formula", "sum(layer.numel)", *NOISE), 4, "has no layer nodes"),
        (("user_networks:Bare", "--formula", "mean(block.entropy)", *NOISE), 4, "has no block nodes"),
        ((MLP, "--proxy", "meco", *NOISE), 4, "correlation_min, which user_networks:perceptron is missing"),
        ((MLP, "--proxy", "aznas", *NOISE), 4, "score several together"),
        ((MLP, "--proxy", "naswot", *NOISE), 2, "did you mean 'nwot'?"),
        ((MLP, "--formula", "synflow", *NOISE), 4, "known proxy; write --proxy synflow"),
        ((MLP, "--formula", "sum(layer.nummel)", *NOISE), 4, "did you mean 'layer.numel'?"),
        ((MLP,), 2, "give either --input, as --input 3,224,224, or --data"),
        ((MLP, "--data", "images.npz", *NOISE), 2, "give either --input"),
        ((MLP, "--input", "3,x"), 2, "is no shape"),
        ((MLP, "--input", "6", "--tokens", 0), 2, "--tokens must be at least 1"),
        ((MLP, "--batch", 1, "--input", "3,8,8"), 2, "--batch must be at least 2"),
        ((MLP, "--input", "3,9,9", "--proxy", "synflow"), 3, "forward pass failed"),
        ((MLP, MLP, *NOISE), 2, "named twice"),
        ((CONV, "--blocks", "stem,trunk", *NOISE), 3, "Convolutions has no module 'trunk'"),
        (("user_networks:broken", *NOISE), 3, "RuntimeError: broken on purpose"),
        (("user_networks", *NOISE), 2, "package.module:function"),
        ((MLP, "--data", "user_networks.py"), 3, "user_networks.py"),
        ((MLP, "--run", "user_networks.py", *NOISE), 5, "run folder"),
    ],
)
def test_what_cannot_be_scored_ends_in_one_line(place, commands, arguments, code, message):
    done = commands("score", *arguments, cwd=place)
    assert done.code == code, done.err
    assert message in done.err
    assert done.err.startswith("evozc: ")
    assert done.err.count("\n") == 1


@pytest.fixture(scope="module")
def run(place, commands):
    """A finished search that was seeded with a formula which ranks."""
    save_table(small_table(), place / "table.npz")
    done = commands(
        "search", "table.npz", "--run", "run", "--no-zoo", "--labels", 30, "--population", 10,
        "--generations", 0, "--seed-proxy", "add(logrank(network.params), max(layer.grad_l2))",
        "--seed-proxy", "grad_norm", cwd=place,
    )
    assert (done.code, done.err) == (0, "")
    return place / "run"


def test_a_run_s_formula_scores_networks_and_its_export_does_the_same(place, run, commands):
    done = commands("score", CONV, "--run", run, "--data", "images.npz", "--batch", 8, cwd=place)
    assert (done.code, done.err) == (0, "")
    (value,), = (shown(done.out)[name] for name in shown(done.out))
    exported = commands("export", run, "--format", "torch", "--out", "scorer.py", cwd=place)
    assert (exported.code, exported.err) == (0, "")
    code = (
        "import json, sys; sys.path.insert(0, '.'); import scorer, torch, numpy as np, user_networks\n"
        "a = np.load(sys.argv[1])\n"
        "torch.manual_seed(0); network = user_networks.Convolutions()\n"
        "print(scorer.score(network, torch.tensor(a['x']), torch.tensor(a['y'])))\n"
        "assert 'evozc' not in sys.modules"
    )
    from evozc.extraction import load_inputs

    inputs, labels = load_inputs(place / "images.npz").batch(8, 0)
    np.savez(place / "batch.npz", x=inputs.numpy(), y=labels.numpy())
    alone = subprocess.run(
        [sys.executable, "-I", "-c", code, place / "batch.npz"], cwd=place,
        capture_output=True, text=True, timeout=100, check=False,
    )
    assert alone.returncode == 0, alone.stderr
    assert float(alone.stdout) == pytest.approx(value, rel=1e-5)
    formula = parse(read_results(run).chosen.formula)
    references = rank_references(formula, small_table())
    assert isinstance(score(load_network(CONV), formula, (inputs, labels), references=references), float)


def test_the_search_begins_with_its_seeds(run):
    first = [json.loads(line)["formula"] for line in (run / "formulas.jsonl").read_text().splitlines()]
    assert first[:2] == [
        "add(logrank(network.params), max(layer.grad_l2))", "sum(layer.grad_l2)",
    ]
    assert json.loads((run / "manifest.json").read_text())["starters"][:2] == first[:2]


def test_the_zoo_is_listed_and_written_as_json(commands):
    done = commands("zoo")
    assert (done.code, done.err) == (0, "")
    listed = json.loads(commands("zoo", "--json").out)
    assert [entry["name"] for entry in listed] == [proxy.name for proxy in ZOO]
    for proxy, entry in zip(ZOO, listed, strict=True):
        assert entry["formula"] == proxy.text
        assert (entry["labels"], entry["groups"]) == (proxy.needs_labels, list(proxy.groups))
        assert f"    {proxy.text}\n    {proxy.source}\n" in done.out
    assert "plain: negative as published, needs labels\n" in done.out
    assert "synflow: positive as published, no labels\n" in done.out
