"""Runs evozc commands, each in a process of its own forked from one that has imported everything.

Importing takes seconds, most commands a fraction of one. Every line of standard input is a
command as JSON, every line of standard output the answer: its exit code, negative if a signal ended
it, and the most memory that it took.
"""

import importlib
import json
import os
import resource
import select
import signal
import sys

from evozc.cli import main
from evozc.cli._main import COMMANDS


def in_child(command):
    os.chdir(command["cwd"])
    os.environ.update(command["env"])
    for path, flags, descriptor in (
        (os.devnull, os.O_RDONLY, 0),
        (command["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 1),
        (command["err"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 2),
    ):
        os.dup2(os.open(path, flags), descriptor)
    if command["largest_file"]:
        resource.setrlimit(resource.RLIMIT_FSIZE, (command["largest_file"], command["largest_file"]))
    sys.argv = ["evozc", *command["arguments"]]
    code = 0
    try:
        main()
    except SystemExit as end:
        code = end.code or 0
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def ended(child, kill_after):
    """Wait for a command, or kill it after so many seconds."""
    exits = os.pidfd_open(child)
    if not select.select([exits], [], [], kill_after)[0]:
        os.kill(child, signal.SIGKILL)
    os.close(exits)
    _, status, usage = os.wait4(child, 0)
    return os.waitstatus_to_exitcode(status), usage.ru_maxrss << 10


if __name__ == "__main__":
    places = {f"evozc.cli.{place.partition(':')[0]}" for place, _ in COMMANDS.values()}
    for module in [*places, *sys.argv[1:]]:
        importlib.import_module(module)
    for line in sys.stdin:
        command = json.loads(line)
        child = os.fork()
        if not child:
            in_child(command)
        print(json.dumps(ended(child, command["kill_after"])), flush=True)
