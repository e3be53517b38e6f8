"""Any formula on any network.

**Scores**: :func:`score` of one network, :func:`score_networks` of several, :class:`Scores`.

**What is scored**: :func:`load_network`, :func:`noise`, :func:`batch_of`.
"""

from evozc.scoring._inputs import load_network, noise
from evozc.scoring._score import Scores, batch_of, score, score_networks

__all__ = [  # noqa: RUF022 - grouped by concept, as the docstring is
    "Scores", "score", "score_networks", "batch_of",
    "load_network", "noise",
]
