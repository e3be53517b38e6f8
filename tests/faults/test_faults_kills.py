"""SIGKILL at random moments, again and again: what goes on from there ends as what was never killed."""

import random
import shutil

import pytest
import works

KILLED = ("search", "extract", "compare", "parzc", "nas", "transfer")


def survive(name, kills, running, whole, seed, jobs=(1,)):
    """Kill a work ``kills`` times, each time in a process that goes on from what the last one left."""
    generator, done = random.Random(f"{name} {seed}"), 0
    while done < kills:
        out = whole.out(name).with_name(f"killed-{whole.out(name).name}")
        while not out.is_file():  # such a file is the end of the work that makes it
            moment = generator.uniform(0, 0.7 * whole.seconds[name]) if done < kills else None
            asked = works.command(name, out, generator.choice(jobs))
            ended = running(*asked, cwd=whole.place, kill_after=moment)
            if ended.code != -9:
                break
            done += 1
        assert out.is_file() or ended.code == 0, (done, asked, ended.err)
        assert works.outcome(out) == works.outcome(whole.out(name)), (done, asked)
        assert not list(out.rglob(".*.tmp"))  # beside a single file one may lie, as of any program
        shutil.rmtree(out) if out.is_dir() else out.unlink()


@pytest.mark.parametrize("name", KILLED[:2])
def test_what_was_killed_twice_ends_as_what_was_not(name, running, whole):
    survive(name, 2, running, whole, seed=0)


@pytest.mark.slow
@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", KILLED)
def test_what_is_killed_again_and_again_ends_as_what_was_not(name, running, whole, request):
    survive(name, request.config.getoption("--kills"), running, whole, seed=1, jobs=(1, 1, 1, 2))
