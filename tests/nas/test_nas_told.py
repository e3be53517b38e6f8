"""What is told of architectures: a latency that limits, trainings that fail, a log that is torn."""

import subprocess
import sys

import pytest

from evozc.baselines import resolve
from evozc.engine import Evaluator
from evozc.errors import CheckpointError, ConfigError, DataError
from evozc.extraction import ExtractionSettings, RandomInputs
from evozc.nas import Column, Command, Limit, NasSettings, find_networks
from evozc.nas._told import Told
from evozc.spaces import get_space

SPACE = get_space("nasbench201", cells=1, channels=4)
FORMULA = resolve("network.params")


def convolutions(architecture):
    return float(architecture.count("conv"))


def trained(architecture):
    if architecture.count("skip") > 1:
        raise OSError("no room")
    return 50 + convolutions(architecture)


def find(path, **options):
    settings = NasSettings(
        algorithm="nsga2", budget=12, population=6, batch=6, limits=(Limit("latency", 1, 3),),
        against="latency",
    )
    return find_networks(
        SPACE, FORMULA, RandomInputs(SPACE), path, settings, ExtractionSettings(batch=2),
        score=lambda table: Evaluator(table).scores([FORMULA])[0], **{"latency": convolutions, **options},
    )


def test_a_told_latency_limits_and_more_queries_go_on(tmp_path):
    found = find(tmp_path / "run", ask=trained, queries=3)
    assert found.scored == 12
    assert all(1 <= f.sizes["latency"] == convolutions(f.architecture) <= 3 for f in found.best)
    assert len(found.trained) == 3
    assert all(t.accuracy == 50 + convolutions(t.architecture) for t in found.trained)
    more = find(tmp_path / "run", ask=trained, queries=5)
    assert {t.architecture for t in found.trained} < {t.architecture for t in more.trained}
    assert all("no room" in reason for reason in more.untold.values())
    built = subprocess.run(
        [sys.executable, tmp_path / "run/winner.py"], capture_output=True, text=True, check=True
    )
    count = sum(p.numel() for p in SPACE.build(more.winner).parameters() if p.requires_grad)
    assert built.stdout.endswith(f"{count} parameters\n")
    with pytest.raises(CheckpointError, match="another search"):
        find(tmp_path / "run", latency=trained)
    with pytest.raises(ConfigError, match="whom to ask"):
        find(tmp_path / "other", queries=3)


@pytest.mark.parametrize(("code", "reason"), [
    ("pass", "printed nothing"),
    ("print('nan')", "nan"),
    ("print('so good')", "no number"),
    ("raise SystemExit('no GPU')", "ended with 1: no GPU"),
    ("import time; time.sleep(60)", "took more than"),
])
def test_a_command_that_fails_is_asked_once_more_and_its_reason_kept(tmp_path, code, reason):
    path = tmp_path / "log"
    asked = Command([sys.executable, "-c", code], minutes=0.01 if "sleep" in code else 5)
    for _ in range(2):
        log = Told(path, asked)
        log.tell("a")
        assert reason in log.failed["a"]
    assert len(path.read_text().splitlines()) == 2


def test_a_torn_line_is_not_there_and_the_rest_is_not_asked_again(tmp_path):
    path = tmp_path / "log"
    log = Told(path, convolutions)
    log.tell("conv conv")
    log.tell("conv")
    path.write_bytes(path.read_bytes()[:-7])
    again = Told(path, convolutions)
    assert again.numbers == {"conv conv": 2}
    assert again.tell("conv") == 1
    assert Told(path, convolutions).numbers == {"conv conv": 2, "conv": 1}
    with pytest.raises(CheckpointError, match="told"):
        Told(path, trained)


def test_a_file_tells_by_text_or_key_and_says_what_it_lacks(tmp_path):
    ops = ("none", "nor_conv_3x3", "skip_connect")
    cell = "|{0}~0|+|{0}~0|{1}~1|+|{0}~0|{1}~1|{2}~2|"
    here, dead = cell.format(ops[1], ops[1], ops[2]), cell.format(ops[0], ops[0], ops[2])
    path = tmp_path / "truth.csv"
    path.write_text(f"arch,valid,test\n{here},90,91\n")
    column = Column(path, "test", SPACE)
    assert column(here) == 91
    with pytest.raises(DataError, match="no line"):
        column(dead)
    with pytest.raises(ConfigError, match="valid, test"):
        Column(path, None, SPACE)
    log = Told(tmp_path / "log", column)
    log.tell(dead)
    assert len((tmp_path / "log").read_text().splitlines()) == 1
