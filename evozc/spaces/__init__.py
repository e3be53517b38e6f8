"""Search spaces: from an architecture's text to a torch module and back to a key.

**The protocol**: :class:`SearchSpace`.

**Spaces**: :class:`NasBench201`, and :func:`get_space` by name.
"""

from evozc.spaces._space import SearchSpace
from evozc.spaces._spaces import get_space
from evozc.spaces.nasbench201 import NasBench201

__all__ = ["NasBench201", "SearchSpace", "get_space"]
