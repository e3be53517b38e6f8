"""Networks as people write them: the same function has the same scores, however it is written."""

import copy
import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy, linear
from torch.nn.utils import parametrizations, prune
from torch.utils.checkpoint import checkpoint

from evozc.baselines import ZOO
from evozc.errors import DataError, FormulaError
from evozc.extraction import Group, measure
from evozc.scoring import score, score_networks
from evozc.symbols import GROUPS
from primitives import Sign, Statistic

torch.set_num_threads(1)
FORMULAS = {proxy.name: proxy.formula for proxy in ZOO}


def images(n=8, size=12):
    return torch.randn(n, 3, size, size, generator=torch.Generator().manual_seed(0)), torch.arange(n) % 5


def rows(n=8, features=6):
    return torch.randn(n, features, generator=torch.Generator().manual_seed(0)), torch.arange(n) % 5


def small(norm=nn.BatchNorm2d, seed=1):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3), norm(8), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Linear(8, 5),
    )


def same_scores(first, second, batch, other=None, rel=1e-4):
    """Every proxy gives one number for both, or the same reason."""
    found = [
        score_networks({"n": network}, FORMULAS, *given, seed=3)
        for network, given in ((first, batch), (second, other or batch))
    ]
    assert found[0].lacking.keys() == found[1].lacking.keys()
    assert len(found[0].values) > 15
    for name, values in found[0].values.items():
        assert values[0] == pytest.approx(found[1].values[name][0], rel=rel), name


class Views(nn.Module):
    def __init__(self, view):
        super().__init__()
        torch.manual_seed(0)
        self.view, self.conv, self.head = view, nn.Conv2d(3, 6, 5), nn.Linear(6 * 16, 5)

    def forward(self, x):
        x = torch.max_pool2d(torch.relu(self.conv(x)), 2)
        return self.head(x.view(len(x), -1) if self.view else x.flatten(1))


def test_maps_may_be_flattened_by_view():
    same_scores(Views(True), Views(False), images())
    network, (x, y) = Views(True), images()
    grads = torch.autograd.grad(cross_entropy(network(x), y), [network.conv.weight, network.head.weight])
    assert score(network, "grad_norm", (x, y)) == pytest.approx(sum(g.norm().item() for g in grads), rel=1e-5)


def test_a_conv1d_network_scores_as_the_same_conv2d():
    def network(flat):
        torch.manual_seed(1)
        convolutions = [nn.Conv1d(4, 8, 3, padding=1), nn.Conv1d(8, 8, 3, padding=1)]
        head = nn.Linear(8, 5)
        if not flat:
            for place, one in enumerate(convolutions):
                two = nn.Conv2d(one.in_channels, 8, (1, 3), padding=(0, 1))
                two.weight.data, two.bias.data = one.weight.data[:, :, None], one.bias.data
                convolutions[place] = two
        pool = nn.AdaptiveAvgPool1d(1) if flat else nn.AdaptiveAvgPool2d(1)
        return nn.Sequential(
            convolutions[0], nn.ReLU(), convolutions[1], nn.ReLU(), pool, nn.Flatten(), head)

    x, y = torch.randn(8, 4, 20, generator=torch.Generator().manual_seed(0)), torch.arange(8) % 5
    same_scores(network(True), network(False), (x, y), (x[:, :, None], y))


class Sequence(nn.Module):
    def __init__(self, batch_first):
        super().__init__()
        torch.manual_seed(1)
        self.first, self.embed, self.head = batch_first, nn.Linear(6, 8), nn.Linear(8, 5)
        self.layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=batch_first)

    def forward(self, x):
        z = self.layer(self.embed(x if self.first else x.transpose(0, 1)))
        return self.head(z.mean(1 if self.first else 0))


@pytest.mark.parametrize("n", [4, 8])
def test_sequences_may_come_before_samples(n):
    x = torch.randn(n, 7, 6, generator=torch.Generator().manual_seed(0))
    assert score(Sequence(False), "flops", x) == 7 * (48 + 3 * 64 + 64 + 2 * 128) + 40
    same_scores(Sequence(False), Sequence(True), (x, torch.arange(n) % 5))


class Unrolled(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(1)
        self.enter, self.back, self.head = nn.Linear(6, 8), nn.Linear(8, 8), nn.Linear(8, 5)

    def forward(self, x):
        h = x.new_zeros(len(x), 8)
        for t in range(x.shape[1]):
            h = torch.tanh(self.enter(x[:, t]) + self.back(h))
        return self.head(h)


def test_a_value_against_its_declared_sign_is_missing_with_the_reason():
    class Lower(Group):
        name = "lower"
        statistics = (Statistic("layer", "low", "x", Sign.NONNEGATIVE, group="lower"),)

        def before_loss(self, run):
            for place, node in enumerate(run.nodes["layer"]):
                node.values["low"] = 1 - place

    with GROUPS.lent("lower", Lower):
        found = measure(small(), images()[0], groups=["lower", "shapes"])
    assert found.failures == {"lower": "layer.low is -1, which its declared sign rules out"}
    np.testing.assert_array_equal(found["layer.low"], [1, 0, np.nan])
    assert np.isfinite(found["layer.numel"]).all()


def test_a_module_that_runs_ten_times_counts_ten_times_and_is_one_layer():
    x = torch.randn(8, 10, 6)
    assert score(Unrolled(), "flops", x) == 10 * (48 + 64) + 40
    assert score(Unrolled(), "count(layer.numel)", x) == 3
    kernel = nn.RNN(6, 8, bias=True, batch_first=True)

    class Kernel(nn.Module):
        def __init__(self):
            super().__init__()
            self.kernel, self.head = kernel, Unrolled().head

        def forward(self, x):
            return self.head(self.kernel(x)[0][:, -1])

    twin = Unrolled()
    for part, name in ((twin.enter, "ih"), (twin.back, "hh")):
        part.weight.data = getattr(kernel, f"weight_{name}_l0").data
        part.bias.data = getattr(kernel, f"bias_{name}_l0").data
    batch = x, torch.arange(8) % 5
    for name in ("grad_norm", "snip", "fisher", "synflow", "flops", "params", "l2_norm", "zico"):
        assert score(Kernel(), name, batch) == pytest.approx(score(twin, name, batch), rel=1e-4), name


def test_weights_outside_of_convolutions_and_linear_modules_are_layers():
    class Lstm(nn.Module):
        def __init__(self):
            super().__init__()
            self.kernel, self.head = nn.LSTM(6, 8, batch_first=True), nn.Linear(8, 5)

        def forward(self, x):
            return self.head(self.kernel(x)[0][:, -1])

    class Borrowed(nn.Module):
        def __init__(self):
            super().__init__()
            self.qkv, self.pair = nn.Linear(6, 8), nn.Bilinear(8, 8, 4)
            self.own = nn.Parameter(torch.ones(4, 5))

        def forward(self, x):
            z = linear(x, self.qkv.weight, self.qkv.bias).mean(1)
            return self.pair(z, z) @ self.own

    x = torch.randn(4, 10, 6)
    assert score(Lstm(), "flops", x) == 10 * 4 * 8 * (6 + 8) + 40
    assert score(Lstm(), "sum(layer.numel)", x) == 4 * 8 * 14 + 40
    assert score(Borrowed(), "flops", x) == 10 * 48 + 4 * 64 + 20
    assert score(Borrowed(), "sum(layer.numel)", x) == 48 + 256 + 20


def test_attention_with_keys_and_values_of_other_sizes_has_all_its_layers():
    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.kv, self.head = nn.Linear(8, 12), nn.Linear(8, 5)
            self.attention = nn.MultiheadAttention(8, 2, kdim=12, vdim=12, batch_first=True)

        def forward(self, x):
            kv = self.kv(x)
            return self.head(self.attention(x, kv, kv)[0].mean(1))

    network, x = Attention(), torch.randn(4, 7, 8)
    assert score(network, "sum(layer.numel)", x) == sum(p.numel() for p in network.parameters() if p.ndim > 1)
    assert score(network, "flops", x) == 7 * (96 + 64 + 2 * 96 + 64) + 40
    assert np.isfinite(score(network, "mean(activation.confidence)", x))


def test_synflow_is_the_sum_of_magnitudes_that_the_cited_code_takes():
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.GroupNorm(2, 8), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.GroupNorm(2, 8),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5), nn.LogSoftmax(1),
    )
    twin = copy.deepcopy(network).double().eval()
    for parameter in twin.parameters():
        parameter.data.abs_()
    weights = [twin[i].weight for i in (0, 3, 7)]
    grads = torch.autograd.grad(twin(torch.ones(1, 3, 12, 12).double()).sum(), weights)
    expected = sum((w * g).abs().sum().item() for w, g in zip(weights, grads, strict=True))
    assert score(network, "synflow", images()[0]) == pytest.approx(expected, rel=1e-9)


def test_tied_weights_are_one_layer_drawn_once():
    network = nn.Sequential(*(m for k in range(2) for m in (nn.Linear(12, 12), nn.ReLU())), nn.Linear(12, 5))
    network[2].weight = network[0].weight
    x, y = rows(features=12)
    assert score(network, "params", x) == 144 + 24 + 60 + 5
    assert score(network, "flops", x) == 2 * 144 + 60
    assert score(network, "count(layer.numel)", x) == 2
    scores = score_networks({"n": network}, FORMULAS, x, y)
    assert all(np.isfinite(values).all() for values in scores.values.values())
    assert {"synflow", "zen"} <= scores.values.keys()


@pytest.mark.parametrize("how", ["weight_norm", "old weight_norm", "spectral_norm", "prune", "prune, baked"])
def test_a_computed_weight_scores_as_the_plain_one(how):
    network, plain = small(), small()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for place in (0, 3, 7):
            if how == "weight_norm":
                parametrizations.weight_norm(network[place])
            elif how == "old weight_norm":
                nn.utils.weight_norm(network[place])
            elif how == "spectral_norm":
                parametrizations.spectral_norm(network[place]).eval()
                network[place].parametrizations.weight[0].eval()
            else:
                prune.l1_unstructured(network[place], "weight", amount=0.3)
                if "baked" in how:
                    prune.remove(network[place], "weight")
    network.eval()(images()[0])
    network.train()
    for place in (0, 3, 7):
        plain[place].weight.data = network[place].weight.detach().clone()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    # That of spectral_norm moves on with every pass in training mode.
    for name in () if how == "spectral_norm" else ("snip", "zico", "zen", "vkdnw", "nwot", "synflow"):
        expected = score(plain, name, images())
        assert score(network, name, images()) == pytest.approx(expected, rel=1e-3), name
    assert np.isfinite(score(network, "grad_norm", images()))
    assert all(torch.equal(value, network.state_dict()[name]) for name, value in before.items())


@pytest.mark.parametrize("reentrant", [False, True])
def test_activation_checkpoints_change_nothing(reentrant):
    class Saving(nn.Module):
        def __init__(self, saves):
            super().__init__()
            torch.manual_seed(1)
            self.saves, self.head = saves, nn.Linear(8, 5)
            self.body = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())

        def forward(self, x):
            z = checkpoint(self.body, x, use_reentrant=reentrant) if self.saves else self.body(x)
            return self.head(z.mean((2, 3)))

    same_scores(Saving(True), Saving(False), images())


def test_one_group_that_fails_leaves_the_others_their_numbers():
    class Single(nn.Module):
        def __init__(self):
            super().__init__()
            self.kernel, self.head = nn.LSTM(6, 8, batch_first=True), nn.Linear(8, 5)

        def forward(self, x):
            if x.dtype == torch.float64:
                raise TypeError("single precision alone")
            state = torch.zeros(1, len(x), 8)
            return self.head(self.kernel(x, (state, state))[0][:, -1])

    scores = score_networks({"n": Single()}, FORMULAS, torch.randn(8, 10, 6), torch.arange(8) % 5)
    assert "group synflow failed at n: the pass of synflow" in scores.lacking["synflow"]
    assert "TypeError: single precision alone" in scores.lacking["synflow"]
    assert sum("synflow" in reason for reason in scores.lacking.values()) == sum(
        any(s.group == "synflow" for s in f.statistics()) for f in FORMULAS.values())
    assert len(scores.values) > 15


def test_wrappers_are_taken_off():
    network = small()
    for wrapped in (nn.DataParallel(network), torch.compile(network)):
        for name in ("nwot", "synflow", "zen"):
            assert score(wrapped, name, images()) == score(network, name, images())
    with pytest.raises(DataError, match="cannot be watched: give the plain module"):
        score(torch.jit.trace(small().eval(), images()[0]), "nwot", images()[0])


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("fed", ["as the network", "float32"])
def test_other_types_are_measured_in_a_float32_copy_and_said_so(dtype, fed):
    network, (x, y) = small().to(dtype), images()
    inputs = x.to(dtype) if fed == "as the network" else x
    found = measure(network, inputs, y)
    assert found.notes == (f"measured in a float32 copy, for the network holds {str(dtype)[6:]}",)
    expected = measure(copy.deepcopy(network).float(), inputs.float(), y)
    for key, values in expected.items():
        np.testing.assert_array_equal(found[key], values, err_msg=key)
    assert all(p.dtype == dtype for p in network.parameters())


def test_a_sparse_embedding_scores_as_a_dense_one():
    def network(sparse):
        torch.manual_seed(1)
        return nn.Sequential(nn.Embedding(50, 8, sparse=sparse), nn.Flatten(), nn.Linear(56, 5))

    tokens = torch.randint(50, (8, 7), generator=torch.Generator().manual_seed(0)), torch.arange(8) % 5
    same_scores(network(True), network(False), tokens)


def test_the_seed_decides_over_dropout_not_the_callers_random_state():
    torch.manual_seed(1)
    network = nn.Sequential(nn.Linear(12, 32), nn.ReLU(), nn.Dropout(0.5), nn.Linear(32, 5))
    found = []
    for ambient in (0, 1):
        torch.manual_seed(ambient)
        network.train(bool(ambient))
        found.append([score(network, p, rows(features=12), seed=0) for p in ("grad_norm", "zico", "synflow")])
    assert found[0] == found[1]
    assert score(network, "grad_norm", rows(features=12), seed=1) != found[0][0]


def test_attributes_that_a_forward_pass_sets_are_as_before():
    class Remembering(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell, self.head, self.state, self.seen = nn.Linear(6, 8), nn.Linear(8, 5), None, []

        def forward(self, x):
            z = self.cell(x)
            self.state = z if self.state is None else self.state + z
            self.seen.append(len(x))
            return self.head(self.state)

    network = Remembering()
    scores = [score(network, name, rows()) for name in ("grad_norm", "synflow", "nwot", "grad_norm")
              if name != "nwot"]
    assert scores[0] == scores[-1]
    assert network.state is None
    assert network.seen == []


def test_a_transposed_convolution_may_be_told_its_output_size():
    class Up(nn.Module):
        def __init__(self, told):
            super().__init__()
            torch.manual_seed(1)
            self.told, self.down, self.head = told, nn.Conv2d(3, 8, 3, 2, 1), nn.Linear(4, 5)
            self.up = nn.ConvTranspose2d(8, 4, 3, 2, 1, output_padding=0 if told else 1)

        def forward(self, x):
            z = self.down(x)
            z = self.up(z, output_size=x.shape[2:]) if self.told else self.up(z)
            return self.head(z.mean((2, 3)))

    same_scores(Up(True), Up(False), images(size=16))


class Forms(nn.Module):
    def __init__(self, form):
        super().__init__()
        torch.manual_seed(1)
        self.form, self.body, self.head = form, nn.Linear(6, 8), nn.Linear(8, 5)

    def forward(self, x):
        hidden = self.body(x).relu()
        scores = self.head(hidden)
        if self.form == "pair":
            return hidden, scores
        if self.form == "mapping":
            return {"logits": scores, "hidden": hidden}
        if self.form == "single":
            return (scores,)
        if self.form == "training":
            return (scores, scores + 1) if self.training else scores
        if self.form == "object":
            return type("Output", (), {"inner": {"last": [hidden, scores]}})()
        return scores


@pytest.mark.parametrize(
    ("form", "output"),
    [("mapping", None), ("single", None), ("pair", 1), ("pair", "1"), ("mapping", "logits"),
     ("object", "inner.last.1"), ("pair", lambda returned: returned[-1])],
)
def test_scores_are_found_in_every_form_of_output(form, output):
    for name in ("grad_norm", "synflow", "zico", "vkdnw", "jacov"):
        expected = score(Forms("tensor"), name, rows())
        assert score(Forms(form), name, rows(), output=output) == pytest.approx(expected, rel=1e-5), name


@pytest.mark.parametrize("form", ["pair", "object", "training"])
def test_of_several_outputs_one_has_to_be_named_but_for_what_needs_none(form):
    assert score(Forms(form), "params", rows()) == 56 + 45
    assert score(Forms(form), "flops", rows()) == 48 + 40
    with pytest.raises(FormulaError, match=r"say which of its outputs is meant \(output="):
        score(Forms(form), "grad_norm", rows())


def test_a_loss_of_ones_own_is_differentiated():
    def squares(outputs, labels):
        return (outputs[:, 0] - labels).square().mean()

    network, (x, y) = Forms("tensor"), rows()
    weights = [network.body.weight, network.head.weight]
    grads = torch.autograd.grad(squares(network(x), y.float()), weights)
    expected = sum(g.norm().item() for g in grads)
    assert score(network, "grad_norm", (x, y.float()), loss=squares) == pytest.approx(expected, rel=1e-5)


def test_batches_may_be_arrays_mappings_and_several():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(1)
            self.a, self.b, self.head = nn.Linear(6, 8), nn.Linear(6, 8), nn.Linear(8, 5)

        def forward(self, x, y=None, scale=1.0):
            z = self.a(x) if y is None else self.a(x) + self.b(y)
            return self.head(torch.relu(z) * scale)

    network, (x, y) = Two(), rows()
    plain = score(network, "grad_norm", (x, y))
    batches = ((x.numpy(), y.numpy()), (x, y.int()), ({"x": x}, y), {"x": x, "labels": y}, (x, y.tolist()))
    for batch in batches:
        assert score(network, "grad_norm", batch) == plain
    expected = torch.autograd.grad(cross_entropy(network(x, x, 2.0), y), network.b.weight)[0].norm().item()
    for given in ((x, x, {"scale": 2.0}), {"x": x, "y": x, "scale": 2.0}):
        found = measure(network, given, y, groups=["gradients"])
        assert found["layer.grad_l2"][found.names["layer"].index("b")] == pytest.approx(expected, rel=1e-5)
    with pytest.raises(DataError, match="inputs must be tensors or arrays, not str"):
        score(network, "params", "text")
    with pytest.raises(DataError, match="meta device"):
        score(Two().to("meta"), "params", x)


def test_the_smallest_eigenvalue_of_a_singular_matrix_is_zero_and_no_noise():
    network = nn.Sequential(nn.Conv2d(3, 40, 1), nn.ReLU(), nn.Flatten(), nn.Linear(40 * 144, 5))
    found = measure(network, *images(), groups=["correlation"])
    assert found["layer.correlation_min"][0] == 0
    assert (found["activation.correlation_min"] >= 0).all()


class Packed(nn.Module):
    """A recurrent kernel on sequences of several lengths."""

    def __init__(self):
        super().__init__()
        self.kernel, self.head = nn.GRU(6, 8, batch_first=True), nn.Linear(8, 5)

    def forward(self, x):
        lengths = torch.arange(len(x), 0, -1).clamp(max=x.shape[1])
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True)
        padded, _ = nn.utils.rnn.pad_packed_sequence(self.kernel(packed)[0], batch_first=True)
        return self.head(padded.mean(1))


def test_packed_sequences_count_by_their_lengths():
    x = torch.randn(8, 7, 6, generator=torch.Generator().manual_seed(0))
    steps = sum(min(k, 7) for k in range(1, 9))
    assert score(Packed(), "flops", x) == steps / 8 * 3 * 8 * (6 + 8) + 40
    scores = score_networks({"n": Packed()}, FORMULAS, x, torch.arange(8) % 5)
    assert {"grad_norm", "snip", "synflow", "zico"} <= scores.values.keys()


def test_a_network_may_ask_for_gradients_of_its_inputs():
    class Asking(nn.Module):
        def __init__(self, asks):
            super().__init__()
            torch.manual_seed(1)
            self.asks, self.body, self.head = asks, nn.Linear(6, 8), nn.Linear(8, 5)

        def forward(self, x):
            x = x[:, None]
            if self.asks:
                x.requires_grad = True
            return self.head(torch.relu(self.body(x))).mean(1)

    same_scores(Asking(True), Asking(False), rows())


@pytest.mark.parametrize("inplace", [False, True])
def test_hard_sigmoids_are_differentiated_twice(inplace):
    class Smooth(nn.Module):
        def forward(self, x):
            return nn.functional.relu6(x + 3) / 6

    def network(gate):
        torch.manual_seed(1)
        return nn.Sequential(nn.Linear(6, 8), gate, nn.Linear(8, 5))

    found = score(network(nn.Hardsigmoid(inplace)), "grasp", rows())
    assert found == pytest.approx(score(network(Smooth()), "grasp", rows()), rel=1e-5)


def test_what_cannot_be_trained_is_refused_by_name():
    with torch.inference_mode():
        network = nn.Linear(6, 5)
    with pytest.raises(DataError, match=r"weight was made in torch.inference_mode"):
        score(network, "params", rows()[0])
    exported = torch.export.export(nn.Linear(6, 5), (rows()[0],)).module()
    with pytest.raises(DataError, match="setting the network to training mode failed"):
        score(exported, "params", rows()[0])


def test_the_float32_copy_is_named_where_it_cannot_run():
    class Cast(nn.Module):
        def __init__(self):
            super().__init__()
            self.head = nn.Linear(6, 5).bfloat16()

        def forward(self, x):
            return self.head(x.bfloat16()).float()

    with pytest.raises(DataError, match=r"same dtype.*measured in a float32 copy, for the network holds bf"):
        score(Cast(), "params", rows()[0])


def test_a_formula_that_gives_no_number_is_told():
    one = nn.Sequential(nn.Sequential(nn.Conv2d(3, 5, 3)), nn.Flatten())
    scores = score_networks({"n": one}, {"p": FORMULAS["aznas_progressivity"]}, images()[0],
                            blocks={"n": [one[0]]})
    assert scores.notes["n"] == ["p gives no number of 1 block nodes"]


RECTIFIERS = {
    "maximum": lambda z: torch.maximum(z, torch.zeros(())),
    "max": lambda z: torch.max(z, torch.zeros_like(z)),
    "clamp": lambda z: z.clamp(min=0),
    "clamp_min_": lambda z: torch.clamp_min_(z, 0),
    "threshold": lambda z: nn.functional.threshold(z, 0, 0),
}


@pytest.mark.parametrize("name", RECTIFIERS)
def test_a_rectifier_is_one_by_whatever_function(name):
    class Rectified(nn.Module):
        def __init__(self, rectify):
            super().__init__()
            torch.manual_seed(1)
            self.rectify, self.body, self.head = rectify, nn.Linear(6, 8), nn.Linear(8, 5)

        def forward(self, x):
            return self.head(self.rectify(self.body(x)))

    found = measure(Rectified(RECTIFIERS[name]), *rows(), groups=["activations", "patterns"])
    expected = measure(Rectified(torch.relu), *rows(), groups=["activations", "patterns"])
    assert len(found["activation.positive"]) == 1
    assert all(np.array_equal(found[key], values, equal_nan=True) for key, values in expected.items())


def test_every_activation_module_of_torch_is_one_activation():
    special = {"Threshold": (0.1, 2.0), "Softmax": (1,), "LogSoftmax": (1,), "Softmin": (1,)}
    names = set(nn.modules.activation.__all__) - {"MultiheadAttention", "Softmax2d"}
    assert len(names) > 25
    for name in names:
        module = getattr(nn, name)(*special.get(name, ()))
        network = nn.Sequential(nn.Linear(6, 6), module, nn.Linear(3 if name == "GLU" else 6, 5))
        found = measure(network, rows()[0], groups=["activations"]).names["activation"]
        assert found == (("1.glu",) if name == "GLU" else ("1",)), name
