"""Runs evozc commands, each in a process of its own forked from one that has imported everything.

Importing takes seconds, most commands a fraction of one. Every line of standard input is a
command as JSON, every line of standard output the answer.
"""

import importlib
import json
import os
import resource
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


if __name__ == "__main__":
    places = {f"evozc.cli.{place.partition(':')[0]}" for place, _ in COMMANDS.values()}
    for module in [*places, *sys.argv[1:]]:
        importlib.import_module(module)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            in_child(json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
