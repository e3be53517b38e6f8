"""What discovered formulas are compared with.

**The zoo**: :data:`ZOO` of :class:`Proxy`, :func:`find_proxy`, :func:`resolve`.

**Baselines of a table**: :func:`proxies`.
"""

from evozc.baselines._zoo import ZOO, Proxy, find_proxy, proxies, resolve

__all__ = [  # noqa: RUF022 - grouped by concept, as the docstring is
    "ZOO", "Proxy", "find_proxy", "resolve",
    "proxies",
]
