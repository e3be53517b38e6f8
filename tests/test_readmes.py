"""What the guides say is true: their Python runs, their commands are known, their links lead somewhere."""

import doctest
import inspect
import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from typer.main import get_command

from evozc._registry import lending
from evozc.cli._main import app

ROOT = Path(__file__).resolve().parent.parent
#: Of the project alone, not of what is installed or made beside it.
GUIDES = sorted(
    path for folder in (".", "primitives", "evozc", "runs") for path in (ROOT / folder).rglob("*.md")
    if folder != "." or path.parent == ROOT
)
BLOCK = re.compile(
    r"(?P<skip><!-- not run: [^\n]+ -->\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.M | re.S
)
LINK = re.compile(r"(?<!\\)\]\((?!https?:)(?P<path>[^)#\s]+)(#[^)]*)?\)")


def named(path):
    return str(path.relative_to(ROOT))


def blocks(path, language):
    """The blocks of that language which are to be run, with the number of their first line."""
    text = path.read_text("utf-8")
    return [
        (text[: found.start("text")].count("\n") + 1, found["text"]) for found in BLOCK.finditer(text)
        if found["language"] == language and not found["skip"]
    ]


def run_example(text, known, where):
    examples = doctest.DocTestParser().get_doctest(text, known, where, where, 0)
    flags = doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL
    told = []
    runner = doctest.DocTestRunner(optionflags=flags)
    runner.run(examples, out=told.append, clear_globs=False)
    assert not runner.failures, "".join(told)
    known.update(examples.globs)


def run_block(text, known, where, folder):
    """Run a block; then the tests that it defines, as pytest would."""
    if ">>>" in text:
        run_example(text, known, where)
        return
    before = set(known)
    exec(compile(text, where, "exec"), known)
    for name in sorted(set(known) - before):
        if name.startswith("test_"):
            wanted = inspect.signature(known[name]).parameters
            known[name](**({"tmp_path": folder} if "tmp_path" in wanted else {}))


@pytest.mark.parametrize("path", [p for p in GUIDES if blocks(p, "python")], ids=named)
def test_the_python_of_a_guide_runs(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    module = ModuleType(f"guide_{path.parent.name}")
    monkeypatch.setitem(sys.modules, module.__name__, module)  # what it defines can be sent to workers,
    module.__file__ = str(tmp_path / f"{module.__name__}.py")  # and its source be read
    sources = [text for _, text in blocks(path, "python") if ">>>" not in text]
    Path(module.__file__).write_text("\n".join(sources))
    known = vars(module)
    with lending():
        for line, text in blocks(path, "python"):
            run_block("\n" * line + text if ">>>" not in text else text, known, f"{path}", tmp_path / "empty")


def commands(path):
    """Every line of a guide's shell blocks that calls evozc, without what follows in the line."""
    for line, text in [*blocks(path, "bash"), *blocks(path, "sh")]:
        for command in text.replace("\\\n", "").splitlines():
            words = shlex.split(command, comments=True)
            if words[:1] == ["evozc"]:
                yield line, words[1:]


@pytest.mark.parametrize("path", [p for p in GUIDES if list(commands(p))], ids=named)
def test_the_commands_of_a_guide_are_known(path):
    for line, words in commands(path):
        command, rest = get_command(app), words
        while hasattr(command, "list_commands"):
            known = command.list_commands(None)
            name, rest = (rest[0], rest[1:]) if rest[0] in known else (known[0], rest)
            command = command.get_command(None, name)
        assert words[0] in get_command(app).list_commands(None), (line, words)
        try:
            command.make_context(name, rest)
        except Exception as error:
            raise AssertionError(f"{named(path)}, block at line {line}: evozc {shlex.join(words)}") from error


@pytest.mark.parametrize("path", GUIDES, ids=named)
def test_the_links_of_a_guide_lead_to_files(path):
    kept = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                          capture_output=True, text=True, check=False).stdout.splitlines()
    text = BLOCK.sub("", path.read_text("utf-8"))
    for found in LINK.finditer(text):
        target = (path.parent / found["path"]).resolve()
        assert target.exists(), f"{named(path)} points to {found['path']}"
        inside = str(target.relative_to(ROOT))
        assert not kept or any(name == inside or name.startswith(f"{inside}/") for name in kept), inside


def test_the_first_page_is_short_and_every_guide_is_named_by_another():
    text = (ROOT / "README.md").read_text("utf-8")
    assert len(text.splitlines()) <= 200
    assert text.count("<!-- ci: begin -->") == text.count("<!-- ci: end -->") == 2
    linked = {
        (path.parent / found["path"]).resolve() for path in GUIDES
        for found in LINK.finditer(path.read_text("utf-8"))
    }
    lost = [named(path) for path in GUIDES if not {path, path.parent} & linked and path.parent != ROOT]
    assert not lost
