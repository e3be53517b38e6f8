"""NDS's JSON: errors become accuracies, networks become texts."""

import json

import numpy as np
import pytest

from evozc.benchmarks.readers import READERS, Request, Wanted, read_published
from evozc.errors import ConfigError, DataError
from evozc.spaces import Texts
from evozc.testing import check_reader

CELL = [["skip_connect", 0], ["sep_conv_3x3", 1]]


def job(errors, width=16, depth=8, **more):
    """A job as published, with three epochs."""
    genotype = {"normal": CELL, "normal_concat": [2], "reduce": CELL, "reduce_concat": [2]}
    return {
        "net": {"genotype": genotype, "width": width, "depth": depth, "aux": False},
        "optim": {"base_lr": 0.1, "wd": 5e-4, "max_ep": 3}, "params": 1000 * width, "flops": 10**6 * depth,
        "min_test_top1": min(errors), "test_ep_top1": list(errors), "train_ep_top1": [50, 20, 1],
        "train_ep_loss": [2, 1, 0.1], "rng_seed": 1, "prec_time": 0.1, **more,
    }


JOBS = [job([60, 12, 10.5]), job([50, 7, 8.25], width=20), job([70, 30, 29], depth=9)]
BEST = (
    "Genotype(normal=[('skip_connect', 0), ('sep_conv_3x3', 1)], normal_concat=[2], "
    "reduce=[('skip_connect', 0), ('sep_conv_3x3', 1)], reduce_concat=[2], width=20, depth=8)"
)
ASKED = Request(Texts(), scores=True)


@pytest.fixture
def write(tmp_path):
    def write(content, name="DARTS.json"):
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return write


def test_jobs_are_networks_and_errors_become_accuracies(write, tmp_path):
    folder = tmp_path / "damaged"
    folder.mkdir()
    path = write(JOBS)
    found = check_reader(READERS.get("nds"), path, ASKED, folder=folder, best=BEST, damages=120)
    assert read_published(path, ASKED).architectures == found.architectures
    (target,) = found.targets
    assert (target.name, target.unit, target.higher_is_better) == ("accuracy", "%", True)
    assert target.values.tolist() == [89.5, 91.75, 71]
    assert found.scores["params"].tolist() == [16_000, 20_000, 16_000]
    assert found.scores["flops"].tolist() == [8e6, 8e6, 9e6]
    assert found.places[1] == "$[1]"
    (best,) = read_published(path, Request(Texts(), (Wanted("best_accuracy"),))).targets
    assert best.values.tolist() == [89.5, 93, 71]


def test_the_files_of_imagenet_have_parts(write):
    path = write({"top": JOBS[:1], "mid": JOBS[1:]})
    assert len(read_published(path, ASKED).ids) == 3
    found = read_published(path, Request(Texts(), where={"part": "mid"}))
    assert (len(found.ids), found.places[0]) == (2, '$."mid"[0]')
    with pytest.raises(DataError, match="no part 'low'; it holds top, mid"):
        read_published(path, Request(Texts(), where={"part": "low"}))
    with pytest.raises(DataError, match="no part 'low'; it holds one list of jobs alone"):
        read_published(write(JOBS), Request(Texts(), where={"part": "low"}))
    with pytest.raises(ConfigError, match="chosen by part, not by seed"):
        read_published(path, Request(Texts(), where={"seed": "1"}))


def test_networks_that_were_trained_again_are_averaged(write):
    found = read_published(write([*JOBS, job([60, 12, 12.5])]), ASKED)
    assert found.targets[0].values.tolist() == [88.5, 91.75, 71]
    assert found.notes == ("1 of 4 jobs train a network again; their figures are averaged",)


def test_networks_of_other_families_are_their_own_description(write):
    nets = [{"ds": [1, 2], "ws": [16, w], "ss": [1, 2], "block_type": "res_basic_block"} for w in (32, 48)]
    path = write([{**job([30, 20, 10 + k]), "net": net} for k, net in enumerate(nets)], "ResNet.json")
    found = read_published(path, ASKED)
    assert json.loads(found.architectures[0]) == nets[0]
    assert int(np.argmax(found.targets[0].values)) == 0


def broken(**changes):
    return [JOBS[0], {**JOBS[1], **changes}]


NET = JOBS[1]["net"]
BAD = {
    "no errors": (broken(test_ep_top1=[]), r"\$\[1\].test_ep_top1 is nan; every network needs an error"),
    "NaN": (broken(test_ep_top1=[1, float("nan")]), r"\$\[1\].test_ep_top1 is nan"),
    "null": (broken(test_ep_top1=[1, None]), "is nan; every network"),
    "an accuracy": (broken(test_ep_top1=[1, 891.5]), "is 891.5; every network needs an error of 0 to 100"),
    "a text": (broken(test_ep_top1=[1, "8.5%"]), r"\$\[1\].test_ep_top1\[1\] is a text, not a number"),
    "no network": (broken(net=None), r"\$\[1\].net is null, not an object"),
    "no width": (broken(net={**NET, "width": None}), r"\$\[1\].net.width is null"),
    "a broken width": (broken(net={**NET, "width": 1.5}), "no whole number"),
    "a broken cell": (broken(net={**NET, "genotype": {"normal": 3}}), "genotype.normal is a number, not an"),
    "a broken pair": (broken(net={**NET, "genotype": {"normal": [["a", 1, 2]]}}), "an operation and a node"),
    "a job that is none": ([*JOBS, 3], r"\$\[3\] is a number, not an object"),
    "no jobs": ([], "holds no jobs"),
    "cut": (json.dumps(JOBS)[:-20], "no whole JSON"),
}


@pytest.mark.parametrize(("content", "message"), BAD.values(), ids=BAD.keys())
def test_what_is_wrong_is_said_with_its_path(write, content, message):
    path = write(content)
    with pytest.raises(DataError, match=message) as caught:
        read_published(path, ASKED, "nds")
    assert str(caught.value).startswith(str(path))


def test_another_target_is_refused(write):
    with pytest.raises(DataError, match="no target 'loss'; files of this format rank by accuracy"):
        read_published(write(JOBS), Request(Texts(), (Wanted("loss", False),)))
