"""What discovered formulas are compared with.

**The zoo**: :func:`zoo` of :class:`KnownProxy`, by name :data:`PROXIES`, :func:`find_proxy`,
:func:`resolve`; built in are :data:`ZOO` and :data:`DAGGERS`, ParZC without labels.

**Baselines of a table**: :func:`proxies`.

**Learned predictors**: :class:`Trees`, and :mod:`evozc.baselines.parzc`, which imports torch and is
not imported here.
"""

from evozc.baselines._dagger import DAGGERS
from evozc.baselines._trees import Trees
from evozc.baselines._zoo import PROXIES, ZOO, KnownProxy, find_proxy, proxies, resolve, zoo

__all__ = [  # noqa: RUF022 - grouped by concept, as the docstring is
    "DAGGERS", "PROXIES", "ZOO", "KnownProxy", "find_proxy", "resolve", "zoo",
    "proxies",
    "Trees",
]
