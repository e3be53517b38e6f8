"""What discovered formulas are compared with.

**Hand-crafted proxies**: :data:`ZOO` of :class:`Proxy`, :func:`proxies`; and without labels
ParZC's: :data:`DAGGERS`.

**Learned predictors**: :class:`Trees`, and :mod:`evozc.baselines.parzc`, which imports torch and is
not imported here.
"""

from evozc.baselines._dagger import DAGGERS
from evozc.baselines._trees import Trees
from evozc.baselines._zoo import ZOO, Proxy, proxies

__all__ = ["DAGGERS", "ZOO", "Proxy", "Trees", "proxies"]
