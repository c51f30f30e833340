"""Makes tests/data/trajectories.json: the paths of PyTorch's optimisers and schedules.

Run from the root with a Python that has PyTorch: `python -P tests/support/trajectories.py`. The
gradients are drawn from a fixed seed; one of the six parameters has none at every fifth step, a
second one in the first ten. Kept are the parameters at some of the 200 steps, with all digits.
"""

import json
from pathlib import Path

import numpy as np

STEPS, SIZE, SEED = 200, 6, 7
KEPT = (1, 2, 3, 10, 11, 50, 100, 150, 200)
OPTIMISERS = {
    "SGD": [
        {"lr": 0.05},
        {"lr": 0.05, "momentum": 0.9},
        {"lr": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
        {"lr": 0.05, "momentum": 0.5, "clip_norm": 1.0},
        {"lr": 0.05, "weight_decay": 0.01, "clip_value": 0.5},
    ],
    "Adagrad": [
        {},
        {"lr": 0.1, "lr_decay": 0.01, "weight_decay": 0.1},
        {"lr": 0.1, "initial_accumulator_value": 0.5, "eps": 0.001, "clip_norm": 0.5},
    ],
    "RMSprop": [
        {},
        {"lr": 0.02, "alpha": 0.9, "eps": 1e-4, "weight_decay": 0.1},
        {"lr": 0.02, "momentum": 0.9, "clip_value": 1.0},
        {"lr": 0.02, "centered": True, "momentum": 0.5, "weight_decay": 0.01},
    ],
    "Adam": [
        {},
        {"lr": 0.05, "betas": [0.8, 0.95], "eps": 1e-4},
        {"lr": 0.05, "weight_decay": 0.1, "clip_norm": 1.0},
        {"lr": 0.05, "betas": [0.0, 0.5], "clip_value": 0.25},
    ],
    "AdamW": [
        {},
        {"lr": 0.05, "betas": [0.8, 0.95], "weight_decay": 0.2, "clip_norm": 2.0},
        {"lr": 0.05, "weight_decay": 0.0},
    ],
}
# Of ours, with the class and the arguments that PyTorch has for it.
SCHEDULES = [
    ("step", {"lr": 0.4, "every": 30, "factor": 0.5}, "StepLR", {"step_size": 30, "gamma": 0.5}),
    ("exponential", {"lr": 0.4, "factor": 0.97}, "ExponentialLR", {"gamma": 0.97}),
    (
        "cosine",
        {"lr": 0.4, "steps": 200, "end": 0.01},
        "CosineAnnealingLR",
        {"T_max": 200, "eta_min": 0.01},
    ),
    ("one_cycle", {"lr": 0.4, "steps": 201}, "OneCycleLR", {"max_lr": 0.4, "total_steps": 201}),
    (
        "one_cycle",
        {"lr": 0.4, "steps": 201, "rise": 0.1, "divide": 5.0, "final": 100.0},
        "OneCycleLR",
        {
            "max_lr": 0.4,
            "total_steps": 201,
            "pct_start": 0.1,
            "div_factor": 5.0,
            "final_div_factor": 100.0,
        },
    ),
]
WARMUP = {"steps": 40, "start": 0.25, "every": 30, "factor": 0.5, "lr": 0.4}


def start() -> np.ndarray:
    """Return the parameters before the first step."""
    return np.random.default_rng(SEED).standard_normal(SIZE)


def gradient(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the gradient at step n, of sizes far apart, and which parameters have one."""
    rng = np.random.default_rng([SEED, n])
    has_one = np.ones(SIZE, bool)
    has_one[0], has_one[1] = n % 5 != 4, n >= 10
    return rng.standard_normal(SIZE) * 10.0 ** rng.integers(-3, 2, SIZE), has_one


def _path(torch, name: str, options: dict) -> list[list[str]]:
    own = dict(options)
    clip_value, clip_norm = own.pop("clip_value", None), own.pop("clip_norm", None)
    parameters = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in start()]
    # Plain loops over the parameters, in the order of operations of the documentation.
    optimizer = getattr(torch.optim, name)(parameters, foreach=False, **own)
    path = []
    for n in range(STEPS):
        slopes, has_one = gradient(n)
        for p, g, has in zip(parameters, slopes, has_one, strict=True):
            p.grad = torch.tensor(g, dtype=torch.float64) if has else None
        if clip_value is not None:
            torch.nn.utils.clip_grad_value_(parameters, clip_value)
        if clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(parameters, clip_norm)
        optimizer.step()
        if n + 1 in KEPT:
            path.append([p.item() for p in parameters])
    return path


def _rates(torch, make) -> list[float]:
    parameter = torch.tensor(0.0, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([parameter], lr=0.4)
    schedule = make(optimizer)
    rates = []
    for n in range(STEPS):
        if n % 20 in (0, 19):
            rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return rates


def main() -> None:
    import torch

    kinds = torch.optim.lr_scheduler
    found = {
        "made by": f"tests/support/trajectories.py, PyTorch {torch.__version__}",
        "optimisers": [
            [name, options, _path(torch, name, options)]
            for name, tried in OPTIMISERS.items()
            for options in tried
        ],
        "schedules": [
            [name, options, _rates(torch, lambda o, k=kind, m=more: getattr(kinds, k)(o, **m))]
            for name, options, kind, more in SCHEDULES
        ],
        "warmup": _rates(
            torch,
            lambda o: kinds.SequentialLR(
                o,
                [
                    kinds.LinearLR(o, WARMUP["start"], total_iters=WARMUP["steps"]),
                    kinds.StepLR(o, WARMUP["every"], WARMUP["factor"]),
                ],
                milestones=[WARMUP["steps"]],
            ),
        ),
    }
    text = json.dumps(found).replace('[["', '[\n["').replace(']], ["', ']],\n["')
    Path("tests/data/trajectories.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
