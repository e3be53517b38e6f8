"""evozc parzc: train, measure, save, measure again."""

import re
import signal
import subprocess

import pytest
from small_tables import environment, evozc, files, small_table

from evozc.table import Task, load_table, save_table

TRAIN = ("--settings", "parzc-strong", "--labels", 30, "--epochs", 8)


@pytest.fixture(scope="module")
def place(tmp_path_factory, commands):
    folder = tmp_path_factory.mktemp("place")
    save_table(small_table(80), folder / "small.npz")
    save_table(small_table(80, without=("block.entropy",)), folder / "poor.npz")
    done = commands("parzc", "small.npz", *TRAIN, "--out", "it.safetensors", cwd=folder)
    assert (done.code, done.err) == (0, "")
    (folder / "parzc.out").write_text(done.out)
    return folder


def measures(out):
    return re.findall(r"^  (\S.*?) {2,}(-?[\d.]+)", out[: out.index("scoring one")], re.MULTILINE)


def test_it_trains_and_measures(place):
    out = (place / "parzc.out").read_text()
    assert "trained on 30 architectures" in out
    assert "on 50 held-out architectures" in out
    found = dict(measures(out))
    assert float(found["kendall"]) > 0.3
    assert set(found) >= {"kendall", "spearman", "kendall top 10 %", "regret", "ndcg"}


def test_the_same_command_writes_the_same_file_whatever_the_threads_and_hash_seed(place, commands):
    command = evozc("parzc", "small.npz", *TRAIN, "--out", "again.safetensors")
    env = environment(OMP_NUM_THREADS="3", PYTHONHASHSEED="1")
    subprocess.run(command, cwd=place, env=env, check=True, capture_output=True)
    assert (place / "again.safetensors").read_bytes() == (place / "it.safetensors").read_bytes()
    (place / "again.safetensors").unlink()


def test_a_saved_predictor_measures_the_same(place, commands):
    done = commands("parzc", "small.npz", "--labels", 30, "--predictor", "it.safetensors", cwd=place)
    assert (done.code, done.err) == (0, "")
    assert measures(done.out) == measures((place / "parzc.out").read_text())


def test_a_saved_predictor_is_never_judged_on_what_it_was_trained_on(place, commands):
    table = load_table(place / "small.npz")
    trained = set(Task.draw(table, None, 30, 0).labelled.keys)
    held_out = Task.draw(table, None, 30, 7).held_out
    left = [key for key in held_out.keys if key not in trained]
    done = commands(
        "parzc", "small.npz", "--labels", 30, "--seed", 7, "--predictor", "it.safetensors", cwd=place
    )
    assert (done.code, done.err) == (0, "")
    assert f"left out {len(held_out) - len(left)} architectures that it was trained on" in done.out
    assert f"on {len(left)} held-out architectures" in done.out
    assert 0 < len(left) < len(held_out)
    save_table(table.select([i for i, key in enumerate(table.keys) if key in trained]), place / "few.npz")
    done = commands("parzc", "few.npz", "--labels", 5, "--predictor", "it.safetensors", cwd=place)
    (place / "few.npz").unlink()
    assert (done.code, done.err.count("\n")) == (3, 1)
    assert "only 0 held-out architectures are left that the predictor was not trained on" in done.err


@pytest.mark.parametrize(("arguments", "code", "message"), [
    (("small.npz", "--settings", "parzc-best"), 2, "known are parzc"),
    (("small.npz", "--loss", "hinge"), 2, "loss must be made of"),
    (("small.npz", "--epochs", 0), 2, "epochs must be"),
    (("small.npz",), 3, "needs layer.weight_x_grad_l1"),
    (("small.npz", "--statistic", "layer.grad_l2", "--out", "it.safetensors"), 3, "exists already"),
    (("small.npz", "--settings", "parzc-graph"), 2, "does not name it"),
    (("small.npz", "--predictor", "small.npz"), 3, "no predictor"),
    (("small.npz", "--predictor", "it.safetensors", "--epochs", 3), 2, "predictor: leave out --epochs"),
    (("small.npz", "--predictor", "it.safetensors", "--settings", "parzc"), 2, "leave out --settings"),
    (("poor.npz", "--predictor", "it.safetensors"), 3, "needs block.entropy"),
    (("small.npz", "--labels", 79), 3, "would be held out"),
])
def test_what_cannot_be_done_is_said_in_one_line(place, commands, arguments, code, message):
    before = files(place)
    done = commands("parzc", *arguments, cwd=place)
    assert done.code == code
    assert message in done.err
    assert len(done.err.splitlines()) == 1
    assert files(place) == before


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), pytest.param(signal.SIGINT, 130, marks=pytest.mark.slow)]
)
def test_stopped_from_outside_it_says_so(tmp_path, number, code):
    process = subprocess.Popen(
        evozc("parzc", "digits", "--epochs", 100_000, "--out", tmp_path / "it.safetensors"), cwd=tmp_path,
        env=environment(PYTHONUNBUFFERED="1"), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )
    assert "epochs" in process.stdout.readline()
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (code, "")
    assert "go on: the same command" in out
    assert not list(tmp_path.iterdir())
