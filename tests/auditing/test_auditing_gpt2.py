"""Gradient proxies of GPT-2, measured here by plain torch: parameter counts, and said to be."""

import csv
import gzip

import pytest
import torch

from evozc.auditing import AuditSettings, audit
from evozc.benchmarks import table_from_scores
from evozc.spaces import SizedSpace, get_space

NAMES = ("snip", "grad_norm", "l2_norm", "fisher")


def measured(network, tokens):
    """The four proxies of one network, next-word loss, over its matrices."""
    scores = network.eval()(tokens)
    loss = torch.nn.functional.cross_entropy(scores[:, :-1].flatten(0, 1), tokens[:, 1:].flatten())
    loss.backward()
    weights = [w for w in network.parameters() if w.grad is not None and w.dim() > 1]
    return {
        "snip": sum((w * w.grad).abs().sum().item() for w in weights),
        "grad_norm": sum(w.grad.norm().item() for w in weights),
        "l2_norm": sum(w.norm().item() for w in weights),
        "fisher": sum((w * w.grad).square().sum().item() for w in weights),
    }


@pytest.fixture
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("one_thread")
def test_every_gradient_proxy_of_gpt2_is_told_to_be_a_parameter_count(shared, tmp_path):
    """100 published architectures with 1,000 words and 32 positions; WikiText-103 perplexity."""
    space = get_space("gpt2", vocabulary=1000, length=32)
    assert isinstance(space, SizedSpace)
    with gzip.open(shared / "gpt2" / "sample.csv.gz", "rt") as file:
        rows = list(csv.DictReader(file))
    with open(tmp_path / "scores.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, ["architecture", "valid_ppl", *NAMES])
        writer.writeheader()
        for seed, row in enumerate(rows):
            architecture = space.from_columns(row)
            torch.manual_seed(seed)
            network = space.build(architecture)
            scores = measured(network, torch.randint(0, 1000, (2, 32)))
            writer.writerow({"architecture": architecture, "valid_ppl": row["valid_ppl"], **scores})
    table = table_from_scores(tmp_path / "scores.csv", space, targets=["valid_ppl:lower"])
    found = audit(table, settings=AuditSettings(labels=0)).audits[0]
    kinds = {baseline.kind for baseline in found.baselines}
    assert {"attention parameters", "feed-forward parameters", "parameters"} <= kinds
    assert {proxy.name for proxy in found.proxies} == set(NAMES)
    for proxy in found.proxies:
        assert proxy.ranking["Kendall tau"].value > 0.55
        assert "is a count of " in proxy.verdict[1]
        assert "Kendall's partial tau" in proxy.verdict[1]
        (fit,) = [i for i in proxy.imitations if i.by == "sizes"]
        assert fit.share.value > 0.9
