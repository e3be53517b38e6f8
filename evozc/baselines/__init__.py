"""What discovered formulas are compared with: :data:`ZOO` of :class:`Proxy`, :func:`proxies`."""

from evozc.baselines._zoo import ZOO, Proxy, proxies

__all__ = ["ZOO", "Proxy", "proxies"]
