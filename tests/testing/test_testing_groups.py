"""Every group of statistics keeps its contract, and one that does not is found out."""

import itertools

import pytest
import torch
from torch import nn

from evozc.extraction import Group
from evozc.symbols import GROUPS
from evozc.testing import ContractError, check_group
from primitives import Sign, Statistic

torch.set_num_threads(1)
#: A few others beside which each is measured; all beside all is a matter of the tests of extraction.
BESIDE = {"shapes": ["weights"], "gradients": ["subbatches"]}


@pytest.mark.parametrize("name", GROUPS.names())
def test_a_group_keeps_its_contract(name):
    check_group(GROUPS.get(name), others=BESIDE.get(name, ["shapes", "gradients"]))


class Norms(Group):
    """A group as a plug-in's author writes it."""

    name = "norms"
    needs_loss = True
    statistics = (
        Statistic("layer", "weight_l3", "cube root of the sum of |w|^3", Sign.NONNEGATIVE, group="norms"),
        Statistic("layer", "grad_l3", "the same of g", Sign.NONNEGATIVE, group="norms", needs_labels=True),
        Statistic("network", "drawn", "one number drawn", group="norms"),
    )

    def after_loss(self, run):
        """Norms of the gradients."""
        for node in run.nodes["layer"]:
            gradient = run.gradients.get(node.weight)
            if gradient is not None:
                node.values["grad_l3"] = gradient.detach().double().norm(3).item()

    def own_passes(self, run):
        """Norms of the weights."""
        for node in run.nodes["layer"]:
            node.values["weight_l3"] = node.weight.detach().double().norm(3).item()
        run.scalars["drawn"] = torch.rand((), generator=run.generator()).item()


def test_a_group_of_ones_own_passes():
    check_group(Norms)
    assert "norms" not in GROUPS.names()


COUNT = itertools.count(1)


class Draws(Norms):
    def own_passes(self, run):
        super().own_passes(run)
        run.scalars["drawn"] = next(COUNT)


class Negative(Norms):
    def own_passes(self, run):
        super().own_passes(run)
        for node in run.nodes["layer"]:
            node.values["weight_l3"] *= -1


class Unlabelled(Norms):
    statistics = tuple(
        Statistic(s.node_set, s.name, s.definition, s.sign, group="norms") for s in Norms.statistics
    )


class Labelled(Norms):
    statistics = (
        *Norms.statistics[1:], Statistic("layer", "weight_l3", "of w", group="norms", needs_labels=True)
    )


class Undeclared(Norms):
    statistics = Norms.statistics[:2]


class Meddling(Norms):
    def own_passes(self, run):
        super().own_passes(run)
        for node in run.nodes["layer"]:
            if "numel" in node.values:
                node.values["numel"] += 1


class Crashing(Norms):
    def own_passes(self, run):
        super().own_passes(run)
        if any(isinstance(module, nn.Embedding) for module in run.network.modules()):
            raise KeyError("embedding")


class Empty(Norms):
    statistics = (*Norms.statistics, Statistic("block", "nothing", "never measured", group="norms"))


class Catalogued(Norms):
    statistics = (Statistic("layer", "numel", "of the catalogue", group="norms"),)


class Local(Norms):
    def own_passes(self, run):
        import math

        super().own_passes(run)
        run.scalars["drawn"] = math.pi


BROKEN = {
    Draws: "network.drawn is .*, then .*; draw from",
    Negative: "layer.weight_l3 is -.*, which its declared sign rules out",
    Unlabelled: "layer.grad_l3 is declared to need no labels",
    Labelled: "layer.weight_l3 is declared to need labels, and has a value without",
    Undeclared: "network.drawn is measured, but none",
    Meddling: "layer.numel is .* among other groups",
    Crashing: "KeyError: 'embedding'",
    Empty: "no network has a value of block.nothing",
    Catalogued: "layer.numel is in the catalogue already",
    Local: "exports=False",
}


@pytest.mark.parametrize("group", BROKEN, ids=lambda group: group.__name__)
def test_a_group_that_breaks_a_promise_is_found_out(group):
    with pytest.raises(ContractError, match=BROKEN[group]):
        check_group(group, others=["shapes"])
    assert "norms" not in GROUPS.names()
