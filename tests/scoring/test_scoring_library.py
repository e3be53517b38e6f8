"""Networks of libraries that we did not write, as they ship them."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch
from library_networks import NETWORKS, counted

from evozc.baselines import ZOO
from evozc.errors import FormulaError
from evozc.exports import to_torch
from evozc.scoring import score, score_networks

torch.set_num_threads(1)
#: One network has no ranks among others.
FORMULAS = {proxy.name: proxy.formula for proxy in ZOO if proxy.name != "aznas"}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Every proxy's file that measures and scores by itself, loaded when it is asked for."""
    folder, found = Path(tmp_path_factory.mktemp("files")), {}

    def loaded(name):
        if name not in found:
            path = folder / f"{name}.py"
            path.write_text(to_torch(FORMULAS[name]), encoding="utf-8")
            spec = importlib.util.spec_from_file_location(f"exported_{name}", path)
            found[name] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(found[name])
        return found[name]

    return loaded


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[] if case.quick else [pytest.mark.slow]) for n, case in NETWORKS.items()]
)
def test_a_library_s_network_has_a_number_or_a_reason_of_every_proxy(name):
    case = NETWORKS[name]
    network = case.made()
    before = {k: v.clone() for k, v in network.state_dict().items()}
    scores = score_networks({"n": network}, FORMULAS, case.inputs, case.labels, output=case.output)
    assert all(torch.equal(v, before[k]) for k, v in network.state_dict().items())
    assert scores.values.keys() | scores.lacking.keys() == FORMULAS.keys()
    for proxy, values in scores.values.items():
        assert np.isfinite(values[0]) or any(f"{proxy} gives no number" in note for note in scores.notes["n"])
    for proxy, reason in scores.lacking.items():
        assert any(s.key in reason for s in FORMULAS[proxy].statistics()), reason
    assert len(scores.values) >= 18, scores.lacking
    assert scores.values["params"] == sum(p.numel() for p in network.parameters() if p.requires_grad)
    macs = counted(network, case.inputs) if case.macs is None else case.macs
    assert scores.values["flops"] == macs


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_the_file_of_every_proxy_scores_a_library_s_network_alike(name, files):
    case = NETWORKS[name]
    network, labels = case.made(), case.labels
    for proxy, formula in FORMULAS.items():
        try:
            expected = score(network, formula, (case.inputs, labels), output=case.output)
        except FormulaError:  # the file says NaN
            expected = np.nan
        found = files(proxy).score(network, case.inputs, labels, output=case.output)
        assert found == pytest.approx(expected, rel=1e-6, nan_ok=True), proxy
