"""Methods by name."""

from __future__ import annotations

from evozc._registry import Registry
from evozc.comparison.methods._method import Method

_HERE = "evozc.comparison.methods"


def probe_method(name: str, method: object) -> None:
    """See that an object declares what a method of that name has to.

    Raises:
        TypeError: it lacks something.
        ValueError: it has another name, or one that no file can have.
    """
    if not isinstance(method, Method):
        raise TypeError(
            "it lacks one of name, needs_labels, standard, order, colour, cost, check and run, "
            f"which {_HERE}.Method declares"
        )
    if method.name != name:
        raise ValueError(f"it calls itself {method.name!r}")
    if "/" in name or not name.isprintable() or not name:
        raise ValueError("a name has printable characters and no slash")


#: What can be compared; other packages add theirs under the entry points ``evozc.methods``.
METHODS: Registry[Method] = Registry("method", "evozc.methods", {
    "formula": f"{_HERE}._formula:FORMULA",
    "parzc": f"{_HERE}._parzc:PUBLISHED",
    "parzc-strong": f"{_HERE}._parzc:STRONG",
    "parzc-graph": f"{_HERE}._parzc:GRAPH",
    "trees": f"{_HERE}._trees:TREES",
    "parzc-token-mixing": f"{_HERE}._parzc:TOKEN_MIXING",
    "parzc-pairwise": f"{_HERE}._parzc:PAIRWISE",
    "parzc-scale": f"{_HERE}._parzc:SCALE",
    "proxies": f"{_HERE}._proxies:PROXIES",
}, probe_method)
