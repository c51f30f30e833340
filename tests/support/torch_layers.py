"""Makes tests/data/layers.json: outputs and gradients of PyTorch's layers.

Run from the root with a Python that has PyTorch: `python -P tests/support/torch_layers.py`. Inputs
and parameters are drawn from a fixed seed, the loss is the sum of the outputs times drawn factors,
and all numbers are kept with all digits. Parameters stand by the names that they have here.
"""

import json
from pathlib import Path

import numpy as np

SEED = 11


def drawn(rng, *shape):
    import torch

    return torch.tensor(rng.standard_normal(shape), requires_grad=True)


def matrix(name, W):
    return {f"{name}.{i}.{j}": W[i, j] for i in range(W.shape[0]) for j in range(W.shape[1])}


def vector(name, b):
    return {f"{name}.{i}": b[i] for i in range(b.shape[0])}


def neurons(prefix, W, b):
    named = {}
    for k in range(W.shape[0]):
        named |= {f"{prefix}neurons.{k}.weights.{i}": W[k, i] for i in range(W.shape[1])}
        named[f"{prefix}neurons.{k}.bias"] = b[k]
    return named


def layer_norm(rng, torch, shape, eps):
    x, gain, shift = drawn(rng, *shape), drawn(rng, shape[-1]), drawn(rng, shape[-1])
    y = torch.nn.functional.layer_norm(x, shape[-1:], gain, shift, eps)
    return x, y, [gain, shift], lambda g, s: vector("gain", g) | vector("shift", s)


def softmax(rng, torch, shape):
    x = drawn(rng, *shape)
    return x, torch.softmax(5.0 * x, dim=-1), [], dict


def residual(rng, torch, n):
    x, W, b = drawn(rng, n), drawn(rng, n, n), drawn(rng, n)
    return x, x + torch.tanh(W @ x + b), [W, b], lambda W, b: neurons("module.", W, b)


def embedding(rng, torch, count, width, indices):
    table = drawn(rng, count, width)
    y = torch.nn.functional.embedding(torch.tensor(indices), table)
    return torch.tensor(indices), y, [table], lambda table: matrix("rows", table)


def recurrent(rng, torch, length, inputs, hidden, every):
    rnn = torch.nn.RNN(inputs, hidden, batch_first=True).double()
    parts = [drawn(rng, *p.shape) for p in (rnn.weight_ih_l0, rnn.weight_hh_l0, rnn.bias_ih_l0)]
    zeros = torch.zeros(hidden, dtype=torch.float64)
    x = drawn(rng, length, inputs)
    named = dict(zip(("weight_ih_l0", "weight_hh_l0", "bias_ih_l0"), parts, strict=True))
    states, last = torch.func.functional_call(rnn, named | {"bias_hh_l0": zeros}, x[None])
    y = states[0] if every else last[0, 0]
    return (
        x, y, parts,
        lambda W, U, b: neurons("layer.", np.concatenate([W, U], axis=1), b),
    )  # fmt: skip


def cases():
    import torch

    rng = np.random.default_rng(SEED)
    yield "LayerNorm", {"n": 4}, layer_norm(rng, torch, (4,), 1e-5)
    yield "LayerNorm", {"n": 3, "eps": 0.1}, layer_norm(rng, torch, (2, 3), 0.1)
    yield "Softmax", {}, softmax(rng, torch, (5,))
    yield "Softmax", {}, softmax(rng, torch, (2, 3))
    inner = {"class": "Layer", "config": {"n_in": 3, "n_out": 3, "activation": "tanh"}}
    yield "Residual", {"module": inner}, residual(rng, torch, 3)
    yield "Embedding", {"count": 5, "width": 3}, embedding(rng, torch, 5, 3, [4, 0, 4, 2])
    for states in ("last", "all"):
        config = {"inputs": 2, "hidden": 3, "activation": "tanh", "states": states}
        yield "Recurrent", config, recurrent(rng, torch, 5, 2, 3, states == "all")


def main():
    rng = np.random.default_rng(SEED + 1)
    found = []
    for kind, config, (x, y, parts, name) in cases():
        factors = rng.standard_normal(tuple(y.shape))
        (y * y.new_tensor(factors)).sum().backward()
        numbers = [p.detach().numpy() for p in parts]
        slopes = [p.grad.numpy() for p in parts]
        found.append(
            {
                "kind": kind,
                "config": config,
                "inputs": x.detach().tolist(),
                "parameters": {key: float(p) for key, p in name(*numbers).items()},
                "factors": factors.tolist(),
                "outputs": y.detach().tolist(),
                "gradient": None if x.grad is None else x.grad.tolist(),
                "gradients": {key: float(g) for key, g in name(*slopes).items()},
            }
        )
    path = Path(__file__).parents[1] / "data" / "layers.json"
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
