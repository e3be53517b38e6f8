"""What discovered formulas are compared with.

**The zoo**: :data:`ZOO` of :class:`Proxy`, :func:`find_proxy`, :func:`resolve`; :data:`DAGGERS`,
ParZC without labels.

**Baselines of a table**: :func:`proxies`.

**Learned predictors**: :class:`Trees`, and :mod:`evozc.baselines.parzc`, which imports torch and is
not imported here.
"""

from evozc.baselines._dagger import DAGGERS
from evozc.baselines._trees import Trees
from evozc.baselines._zoo import ZOO, Proxy, find_proxy, proxies, resolve

__all__ = [  # noqa: RUF022 - grouped by concept, as the docstring is
    "DAGGERS", "ZOO", "Proxy", "find_proxy", "resolve",
    "proxies",
    "Trees",
]
