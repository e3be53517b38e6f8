"""Sources that stand alone: functions and classes with everything they refer to, in one file."""

from __future__ import annotations

import ast
import builtins
import importlib
import importlib.util
import inspect
import re
import symtable
import sys
from collections.abc import Collection, Iterator
from functools import cached_property, lru_cache
from types import ModuleType

_OWN = ("evozc", "primitives")
_Statement = ast.stmt


class BundleError(ValueError):
    """A definition that cannot stand in a file of its own; the message says why."""


class Bundle:
    """Definitions of some modules, gathered with those that they refer to.

    Followed are references at a module's top level: functions, classes, constants, and what
    is imported by name from modules of the same package. Definitions keep their source; one
    whose name is taken already is renamed, wherever it is referred to.

    Args:
        packages: Which the file may import, beside the standard library.
        reserved: Names that no definition may have.

    Attributes:
        imports: Import statements, in the order they were met.
    """

    def __init__(self, packages: Collection[str], reserved: Collection[str] = ()) -> None:
        self.imports: list[str] = []
        self._packages = frozenset(packages) | sys.stdlib_module_names
        self._taken = set(reserved)
        self._names: dict[tuple[str, str], str] = {}  # by module and name there, the name in the file
        self._sources: dict[str, _Source] = {}
        self._written: list[str] = []

    @property
    def text(self) -> str:
        """The definitions, each after those that it refers to."""
        return "\n\n\n".join(self._written) + "\n" * bool(self._written)

    def add(self, root: object) -> str:
        """Gather a function or class; its name in the file.

        Raises:
            BundleError: it or something that it needs cannot stand alone.
        """
        name, module = getattr(root, "__qualname__", ""), sys.modules.get(getattr(root, "__module__", ""))
        if not isinstance(root, type) and not inspect.isfunction(root):
            raise BundleError("only a plain function can be exported")
        if module is None or vars(module).get(name) is not root:
            raise BundleError("only a plain function of a module's top level can be exported")
        return self._define(module, name)

    def _define(self, module: ModuleType, name: str) -> str:
        """The name in the file of what a module calls so."""
        key = (module.__name__, name)
        if key in self._names:
            return self._names[key]
        source = self._source(module)
        statement = source.statements.get(name)
        if statement is None:
            raise BundleError(f"{name} is not defined at the top level of {module.__name__}")
        if isinstance(statement, ast.Import | ast.ImportFrom):
            self._names[key] = self._imported(module, name, statement)
            return self._names[key]
        for bound in _bound(statement):
            self._names[module.__name__, bound] = self._free(bound, module)
        self._write(module, source, statement)
        return self._names[key]

    def _write(self, module: ModuleType, source: _Source, statement: _Statement) -> None:
        if any(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(statement)):
            raise BundleError(f"{module.__name__}: {_bound(statement)[0]} imports something where it is used")
        text = source.text(statement)
        renamed = {}
        for name in [*_bound(statement), *_global_names(text)]:
            if name in source.statements:
                found = self._define(module, name)
                if found != name:
                    renamed[name] = found
            elif not hasattr(builtins, name):
                raise BundleError(f"{module.__name__}: {name} is not defined at the top level")
        self._written.append(_rename(text, renamed))

    def _imported(self, module: ModuleType, name: str, statement: ast.Import | ast.ImportFrom) -> str:
        alias = next(a for a in statement.names if (a.asname or a.name.split(".")[0]) == name)
        if isinstance(statement, ast.Import):
            origin, line = alias.name, f"import {alias.name}"
        else:
            package = module.__package__ or ""
            origin = importlib.util.resolve_name("." * statement.level + (statement.module or ""), package)
            line = f"from {origin} import {alias.name}"
        top = origin.split(".")[0]
        if top in self._packages:
            whole = isinstance(statement, ast.Import) and not alias.asname  # binds the package itself
            key = ("import", top) if whole else (line, alias.name)
            if key not in self._names:
                self._names[key] = self._free(name, module)
            final = self._names[key]
            bound = top if whole else alias.name
            written = line if final == bound else f"{line} as {final}"
            if written not in self.imports:
                self.imports.append(written)
            return final
        if top not in (*_OWN, module.__name__.split(".")[0]):
            raise BundleError(f"{module.__name__} needs {top}, which the file may not import")
        if isinstance(statement, ast.Import):
            raise BundleError(f"{module.__name__} imports {origin} as a module; import names from it")
        return self._define(importlib.import_module(origin), alias.name)

    def _free(self, name: str, module: ModuleType) -> str:
        """The name itself, or one that tells where it comes from if it is taken."""
        final, count = name, 0
        while final in self._taken:
            count += 1
            stem = module.__name__.split(".")[-1].strip("_")
            final = f"{name}_of_{stem}" + (str(count) if count > 1 else "")
        self._taken.add(final)
        return final

    def _source(self, module: ModuleType) -> _Source:
        if module.__name__ not in self._sources:
            try:
                self._sources[module.__name__] = _parsed(inspect.getsource(module))
            except (OSError, TypeError):
                raise BundleError(f"the source of {module.__name__} cannot be read") from None
        return self._sources[module.__name__]


class _Source:
    """A module's source, and which top-level statement defines a name."""

    def __init__(self, source: str) -> None:
        self._lines = source.splitlines()
        self._tree = ast.parse(source)

    @cached_property
    def statements(self) -> dict[str, _Statement]:
        """The last statement that binds each name."""
        return {name: statement for statement in self._flat() for name in _bound(statement)}

    def _flat(self) -> Iterator[_Statement]:
        for statement in self._tree.body:
            if isinstance(statement, ast.If) and ast.unparse(statement.test) == "TYPE_CHECKING":
                yield from statement.body
            else:
                yield statement

    def text(self, statement: _Statement) -> str:
        """A statement as it is written, with its decorators and the comment above it."""
        decorators = [d.lineno for d in getattr(statement, "decorator_list", ())]
        start = min([statement.lineno, *decorators]) - 1
        while start and self._lines[start - 1].startswith("#"):
            start -= 1
        return "\n".join(self._lines[start : statement.end_lineno])


@lru_cache(maxsize=256)
def _parsed(source: str) -> _Source:
    return _Source(source)


def _bound(statement: _Statement) -> list[str]:
    """The names that a top-level statement defines."""
    match statement:
        case ast.FunctionDef() | ast.ClassDef():
            return [statement.name]
        case ast.Import() | ast.ImportFrom():
            return [alias.asname or alias.name.split(".")[0] for alias in statement.names]
        case ast.Assign():
            targets = statement.targets
        case ast.AnnAssign():
            targets = [statement.target]
        case _:
            targets = []
    return [n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)]


def _tables(text: str) -> Iterator[tuple[symtable.SymbolTable, bool]]:
    """The scopes of a statement, and whether each is the outermost."""
    waiting = [(symtable.symtable(text, "bundle", "exec"), True)]
    while waiting:
        table, outer = waiting.pop()
        yield table, outer
        waiting += [(child, False) for child in table.get_children()]


@lru_cache(maxsize=4096)  # many files need the same few functions
def _global_names(text: str) -> tuple[str, ...]:
    """What a statement refers to outside itself, in order."""
    found = {
        symbol.get_name()
        for table, outer in _tables(text)
        for symbol in table.get_symbols()
        if symbol.is_referenced() and (outer or symbol.is_global())
    }
    names = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name) and node.id in found]
    return tuple(dict.fromkeys(n.id for n in sorted(names, key=lambda n: (n.lineno, n.col_offset))))


def _rename(text: str, names: dict[str, str]) -> str:
    """A statement in which some global names are others."""
    if not names:
        return text
    for table, outer in _tables(text):
        for symbol in table.get_symbols():
            if symbol.get_name() in names and not outer and not symbol.is_global():
                raise BundleError(f"{symbol.get_name()} names two things; call one of them otherwise")
    tree = ast.parse(text)
    places = [(n.lineno, n.col_offset, n.id) for n in ast.walk(tree) if isinstance(n, ast.Name)]
    lines = [line.encode() for line in text.split("\n")]
    statement = tree.body[0]
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        head = re.match(rb"(def|class)\s+", lines[statement.lineno - 1])
        places.append((statement.lineno, head.end() if head else 0, statement.name))
    for line, column, name in sorted(places, reverse=True):
        if name in names:
            old = lines[line - 1]
            lines[line - 1] = old[:column] + names[name].encode() + old[column + len(name.encode()) :]
    return "\n".join(line.decode() for line in lines)
