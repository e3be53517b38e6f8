"""A file that builds the network that was found."""

from __future__ import annotations

from evozc.spaces import SPACES, SearchSpace

_FILE = '''"""A network that evozc found: build() makes it, untrained; run this file to see it."""

{imports}

ARCHITECTURE = {architecture!r}
SETTINGS = {settings!r}


def build():
    """The network, a torch module, its weights drawn from torch's random state."""
    return {make}.build(ARCHITECTURE)


if __name__ == "__main__":
    network = build()
    print(network)
    print(sum(p.numel() for p in network.parameters() if p.requires_grad), "parameters")
'''


def builder(space: SearchSpace, architecture: str) -> str:
    """A module of Python that needs evozc, torch, and the module of a space of somebody's own."""
    own = type(space)
    if space.name in SPACES.names():
        imports, make = "from evozc.spaces import get_space", f"get_space({space.name!r}, **SETTINGS)"
    else:
        imports, make = f"from {own.__module__} import {own.__name__}", f"{own.__name__}(**SETTINGS)"
    return _FILE.format(
        imports=imports, make=make, architecture=architecture, settings=dict(space.settings())
    )
