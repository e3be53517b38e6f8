"""Compiling with numba: what is compiled is kept on disk, and what is damaged there is made again."""

from __future__ import annotations

import functools
import hashlib
import io
import logging
import signal
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import llvmlite.ir as ir
import numba
import numpy as np
from llvmlite import binding
from numba import types
from numba.core import caching, ccallback
from numba.extending import intrinsic

_config: Any = numba.config  # which declares nothing of what it holds
#: Whether anything is compiled at all: not under ``NUMBA_DISABLE_JIT=1``.
ENABLED = not _config.DISABLE_JIT
_DIGEST = hashlib.sha256().digest_size

if not _config.CPU_FEATURES and (_features := binding.get_host_cpu_features()).get("avx512f"):
    # All of a 512-bit register, of which LLVM would use a half; before anything is compiled.
    _config.CPU_FEATURES = f"{_features.flatten()},-prefer-256-bit"


class _CheckedFile(caching.IndexDataCacheFile):
    """numba's files of what was compiled, each with a checksum: a wrong byte would end the process."""

    @contextmanager
    def _open_for_write(self, filepath: str) -> Iterator[io.BytesIO]:
        whole = io.BytesIO()
        yield whole
        with super()._open_for_write(filepath) as file:
            file.write(whole.getvalue() + hashlib.sha256(whole.getvalue()).digest())

    def _load_index(self) -> dict[Any, str]:
        return super()._load_index() if _is_whole(self._index_path) else {}

    def _load_data(self, name: str) -> Any:
        if not _is_whole(self._data_path(name)):
            raise FileNotFoundError  # to numba it is as if it had been removed
        return super()._load_data(name)

    def save(self, key: Any, data: Any) -> None:
        try:
            super().save(key, data)
        except OSError as error:  # a full disk is no reason to stop
            logging.getLogger("evozc").info("what was compiled is not kept: %s", error)


def _is_whole(path: str) -> bool:
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        return False
    return hashlib.sha256(data[:-_DIGEST]).digest() == data[-_DIGEST:]


class _Cache(caching.FunctionCache):
    def __init__(self, function: Callable) -> None:
        super().__init__(function)
        stamp = self._impl.locator.get_source_stamp(), _sources()
        self._cache_file = _CheckedFile(self._cache_path, self._impl.filename_base, stamp)


@functools.cache
def _sources() -> int:
    """A checksum of all that is compiled: of the files of what a function calls numba knows nothing."""
    root = Path(__file__).parent
    names = [*root.rglob("*compiled.py"), *root.rglob("pool/layout.py"), Path(__file__)]
    return zlib.crc32(b"".join(path.read_bytes() for path in sorted(names) if path.is_file()))


@contextmanager
def _undisturbed() -> Iterator[None]:
    """A first Ctrl-C or SIGTERM waits for the end of the block: LLVM swallows what a handler raises."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    kept: list[int] = []

    def keep(number: int, _frame: Any) -> None:
        kept.append(number)
        for each, handler in before.items():  # a second one is not to wait
            signal.signal(each, handler)

    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    before = {each: handler for each, handler in before.items() if callable(handler)}
    for each in before:
        signal.signal(each, keep)
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        if kept:
            signal.raise_signal(kept[0])


def _cached(compiling: Any, function: Callable) -> Any:
    """The same, with what was compiled kept on disk, if there is a folder for that."""
    compiling.compile = _undisturbed()(compiling.compile)
    try:
        compiling._cache = _Cache(function)
    except RuntimeError as error:
        logging.getLogger("evozc").info("%s", error)
    return compiling


def compiled(function: Callable) -> Callable:
    """As numba's ``njit``: kept on disk, without the interpreter's lock, arithmetic as the machine has it."""
    if not ENABLED:
        return np.errstate(all="ignore")(function)
    return _cached(numba.njit(nogil=True, error_model="numpy")(function), function)


def c_function(signature: Any, function: Callable, options: dict[str, Any]) -> ccallback.CFunc:
    """As numba's ``cfunc``, kept on disk: compiled for one signature, called by its ``address``."""
    found = ccallback.CFunc(function, (signature.args, signature.return_type), {}, options)
    _cached(found, function).compile()
    return found


# --- what numba itself lacks -----------------------------------------------------------------------


@intrinsic
def count_bits(typingctx, word):
    """How many bits of an uint64 are set."""

    def build(context, builder, signature, arguments):
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), build


@intrinsic
def add_16(typingctx, to, those):
    """Add 16 numbers of 16 bits to 16 others, both given by the address of the first, in one instruction."""

    def build(context, builder, signature, arguments):
        vector = ir.VectorType(ir.IntType(16), 16).as_pointer()
        pointers = [builder.inttoptr(a, vector) for a in arguments]
        numbers = [builder.load(p, align=2) for p in pointers]
        builder.store(builder.add(*numbers), pointers[0], align=2)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), build
