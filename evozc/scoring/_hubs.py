"""Networks that libraries know by name: Hugging Face's transformers and timm."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any

from evozc.errors import ConfigError, DataError

if TYPE_CHECKING:
    from torch import nn

#: The kinds of head that are tried for a configuration that names no network, in this order.
_HEADS = ("AutoModelForSequenceClassification", "AutoModelForImageClassification", "AutoModelForCausalLM",
          "AutoModel")


def from_transformers(name: str) -> nn.Module:
    """A network of transformers with random weights, from its configuration alone.

    Args:
        name: Of a model type, as ``bert``, with the library's own settings; of a folder, or of a model on the
            Hub, as ``bert-base-uncased``, whose configuration is read.

    Raises:
        ConfigError: the library is not installed.
        DataError: there is no such configuration.
    """
    library = _library("transformers", f"hf:{name}")
    try:
        if name in library.CONFIG_MAPPING:
            config = library.AutoConfig.for_model(name)
        else:
            config = library.AutoConfig.from_pretrained(name)
    except Exception as error:
        raise DataError(f"hf:{name}: there is no configuration of that name to be had: {error}") from error
    for architecture in config.architectures or ():
        if hasattr(library, architecture):
            return getattr(library, architecture)(config)
    for head in _HEADS:
        auto = getattr(library, head)
        if type(config) in auto._model_mapping:
            return auto.from_config(config)
    raise DataError(f"hf:{name}: transformers has no network for a {type(config).__name__}")


def from_timm(name: str) -> nn.Module:
    """A network of timm with random weights.

    Raises:
        ConfigError: the library is not installed, or knows no such network.
    """
    library = _library("timm", f"timm:{name}")
    if not library.is_model(name):
        close = ", ".join(library.list_models(f"*{name.split('_')[0]}*")[:8]) or "none"
        raise ConfigError(f"timm:{name}: timm has no network of that name; similar: {close}")
    return library.create_model(name, pretrained=False)


#: By what stands before the colon.
HUBS: dict[str, Callable[[str], nn.Module]] = {"hf": from_transformers, "timm": from_timm}


def _library(name: str, asked: str) -> ModuleType | Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ConfigError(f"{asked} needs the package {name}: pip install {name} ({error})") from error
