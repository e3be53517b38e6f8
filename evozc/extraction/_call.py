"""How a network is called, and which of what it returns are its scores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch

from evozc.errors import DataError

#: Names under which models take what they are mainly fed.
_MAIN = ("input_ids", "pixel_values", "inputs_embeds", "input_values", "input_features", "inputs", "x")
#: Which of a network's outputs are its scores: a name or position, several joined by dots, or a function.
Output = str | int | Callable[[Any], torch.Tensor] | None


@dataclass(frozen=True, eq=False)
class Arguments:
    """What a network is called with.

    Args:
        args: By position.
        named: By name.
    """

    args: tuple[Any, ...]
    named: Mapping[str, Any]

    @classmethod
    def of(cls, inputs: Any) -> Self:
        """From a tensor or array; a mapping of names; or several in a tuple, names last.

        Raises:
            DataError: there is no tensor in it.
        """
        if isinstance(inputs, Mapping):
            made = cls((), dict(inputs))
        elif isinstance(inputs, tuple | list):
            split = len(inputs) > 1 and isinstance(inputs[-1], Mapping)
            made = cls(tuple(inputs[:-1] if split else inputs), dict(inputs[-1]) if split else {})
        else:
            made = cls((inputs,), {})
        made = made.mapped(_whole, of=(torch.Tensor, np.ndarray))
        if not any(True for _ in made.tensors()):
            raise DataError(f"inputs must be tensors or arrays, not {type(inputs).__name__}")
        return made

    def tensors(self) -> Iterator[torch.Tensor]:
        """Every tensor, also inside lists and mappings."""
        yield from _tensors_in(self.args)
        yield from _tensors_in(self.named)

    @property
    def main(self) -> torch.Tensor:
        """What the network is mainly fed: by its name, or the first tensor."""
        if any(True for _ in _tensors_in(self.args)):
            return next(self.tensors())
        named = (self.named.get(name) for name in _MAIN)
        return next((value for value in named if isinstance(value, torch.Tensor)), next(self.tensors()))

    def mapped(self, change: Callable[[Any], Any], of: Any = torch.Tensor) -> Self:
        """The same call with every tensor changed."""

        def turn(value: Any) -> Any:
            if isinstance(value, of):
                return change(value)
            if isinstance(value, Mapping):
                return {key: turn(part) for key, part in value.items()}
            if isinstance(value, tuple) and hasattr(value, "_fields"):
                return type(value)(*map(turn, value))
            return type(value)(map(turn, value)) if type(value) in (tuple, list) else value

        return type(self)(turn(self.args), turn(dict(self.named)))

    def with_main(self, tensor: torch.Tensor) -> Self:
        """The same call, mainly fed with another; the other tensors are copied, as they may be changed."""
        main = self.main
        return self.mapped(lambda t: tensor if t is main else t.clone())

    def part(self, samples: slice) -> Self:
        """The same call on some of the samples."""
        count = len(self.main)
        return self.mapped(lambda t: t[samples].clone() if t.ndim and len(t) == count else t.clone())


def selected(outputs: Any, output: Output, count: int) -> torch.Tensor:
    """The scores among what a network returned.

    By default they are the tensor itself, what is called ``logits``, or the only tensor of real numbers.

    Raises:
        DataError: there are several, or what ``output`` names is not there.
    """
    found: Any
    if callable(output):
        found = output(outputs)
    elif output is not None:
        found = _named(outputs, str(output))
    elif isinstance(outputs, torch.Tensor):
        return outputs
    else:
        parts = _parts(outputs)
        found = parts.get("logits")
        if not isinstance(found, torch.Tensor):
            real = {name: part for name, part in parts.items() if _real(part)}
            if len(real) != 1:
                names, kind = f": {', '.join(real)}" if real else "", type(outputs).__name__
                raise DataError(
                    f"the network must return scores ({count}, classes), not {kind}{names}; "
                    "say which of its outputs is meant (output=..., on the command line --output)"
                )
            found = next(iter(real.values()))
    if not isinstance(found, torch.Tensor):
        raise DataError(f"output {output!r} of the network is no tensor but {type(found).__name__}")
    return found


def _named(outputs: Any, path: str) -> Any:
    found = outputs
    for name in path.split("."):
        place = int(name) if name.lstrip("-").isdigit() else None
        if isinstance(found, tuple | list) and place is not None and -len(found) <= place < len(found):
            found = found[place]
        elif isinstance(found, Mapping) and name in found:
            found = found[name]
        elif not isinstance(found, Mapping) and hasattr(found, name):
            found = getattr(found, name)
        else:
            parts = ", ".join(_parts(found)) or "nothing"
            raise DataError(f"the network returns no output {path!r}; what it returns holds {parts}")
    return found


def _parts(outputs: Any) -> dict[str, Any]:
    """The parts of a network's outputs by name."""
    if isinstance(outputs, Mapping):
        return {str(key): part for key, part in outputs.items()}
    if isinstance(outputs, tuple | list):
        names = getattr(outputs, "_fields", None) or range(len(outputs))
        return dict(zip(map(str, names), outputs, strict=True))
    names = [name for name in dir(outputs) if not name.startswith("_")]
    return {name: getattr(outputs, name) for name in names if not callable(getattr(outputs, name, None))}


def _real(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and value.is_floating_point()


def _tensors_in(value: Any) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _tensors_in(part)
    elif isinstance(value, tuple | list):
        for part in value:
            yield from _tensors_in(part)


def _whole(value: Any) -> torch.Tensor:
    """A tensor of its own; whole numbers become int64."""
    if isinstance(value, np.ndarray):
        value = torch.from_numpy(np.ascontiguousarray(value))
    value = value.detach()
    if not (value.is_floating_point() or value.is_complex() or value.dtype == torch.bool):
        value = value.long()
    return value
