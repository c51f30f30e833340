"""PyTorch and JAX as their gradients are checked: by this checker, by their own, and by SciPy's."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks.check_draws import Array, Operation

# What scipy.optimize.check_grad returns is left to its user to judge; a usual bound, relative to
# the size of the gradient.
SCIPY_PASSES = 1e-6


class Engine:
    """A library: its operations, its gradients, this checker of it, and its own."""

    name = ""
    rivals: Sequence[str] = ()

    def operations(self) -> list[Operation]:
        raise NotImplementedError

    def gradients(self, f: Any, xs: list[Array], first_only: bool = False) -> list[Array]:
        """The gradients of the sum of the outputs; of the first output alone, if asked."""
        raise NotImplementedError

    def faulty(self, f: Any, change: Callable[[list[Array]], list[Array]]) -> Any:
        """A function whose gradients are changed on their way back."""
        raise NotImplementedError

    def report(self, f: Any, xs: list[Array]) -> Any:
        raise NotImplementedError

    def passes(self, rival: str, f: Any, xs: list[Array]) -> bool:
        raise NotImplementedError


class Torch(Engine):
    name = "PyTorch"
    rivals = ("gradcheck", "gradcheck, fast", "scipy check_grad")

    def __init__(self) -> None:
        import torch

        self.torch = torch
        torch.set_num_threads(1)

    def operations(self) -> list[Operation]:
        from benchmarks.check_torch_operations import operations

        return operations(self.torch)

    def tensors(self, xs: Sequence[Array]) -> list[Any]:
        return [self.torch.tensor(x, requires_grad=True) for x in xs]

    def gradients(self, f: Any, xs: list[Array], first_only: bool = False) -> list[Array]:
        tensors = self.tensors(xs)
        out = f(*tensors).reshape(-1)
        grads = self.torch.autograd.grad(
            out[0] if first_only else out.sum(), tensors, allow_unused=True
        )
        return [
            np.zeros(x.shape) if g is None else g.numpy() for g, x in zip(grads, xs, strict=True)
        ]

    def faulty(self, f: Any, change: Callable[[Any, list[Array]], list[Array]]) -> Any:
        torch = self.torch

        class Planted(torch.autograd.Function):
            @staticmethod
            def forward(ctx: Any, *xs: Any) -> Any:
                ctx.save_for_backward(*xs)
                return f(*xs)

            @staticmethod
            def backward(ctx: Any, weights: Any) -> Any:
                with torch.enable_grad():
                    xs = [x.detach().requires_grad_() for x in ctx.saved_tensors]
                    out = f(*xs)
                    found = torch.autograd.grad(out, xs, weights, allow_unused=True)
                    first = torch.zeros_like(weights)
                    first.reshape(-1)[0] = weights.reshape(-1)[0]
                    alone = torch.autograd.grad(f(*xs), xs, first, allow_unused=True)

                def numbers(grads: Any) -> list[Array]:
                    return [
                        np.zeros(x.shape) if g is None else g.detach().numpy()
                        for g, x in zip(grads, xs, strict=True)
                    ]

                return tuple(torch.from_numpy(g) for g in change(numbers(found), numbers(alone)))

        return Planted.apply

    def report(self, f: Any, xs: list[Array]) -> Any:
        from autograd.check.fronts import Asked
        from autograd.check.torch.checks import report_on

        return report_on(f, self.tensors(xs), Asked(), inside=False)

    def passes(self, rival: str, f: Any, xs: list[Array]) -> bool:
        if rival == "scipy check_grad":
            return scipy_passes(self, f, xs)
        fast = rival.endswith("fast")
        return self.torch.autograd.gradcheck(
            f, self.tensors(xs), raise_exception=False, fast_mode=fast
        )

    def value(self, f: Any, xs: list[Array]) -> float:
        with self.torch.no_grad():
            return float(f(*self.tensors(xs)).sum())


class Jax(Engine):
    name = "JAX"
    rivals = ("check_grads", "scipy check_grad")

    def __init__(self) -> None:
        import jax

        self.jax = jax
        jax.config.update("jax_enable_x64", True)

    def operations(self) -> list[Operation]:
        from benchmarks.check_jax_operations import operations

        return operations(self.jax)

    def gradients(self, f: Any, xs: list[Array], first_only: bool = False) -> list[Array]:
        jnp = self.jax.numpy

        def total(*xs: Any) -> Any:
            out = jnp.ravel(f(*xs))
            return out[0] if first_only else out.sum()

        grads = self.jax.grad(total, tuple(range(len(xs))))(*map(jnp.asarray, xs))
        return [np.asarray(g) for g in grads]

    def faulty(self, f: Any, change: Callable[[Any, list[Array]], list[Array]]) -> Any:
        jax, jnp = self.jax, self.jax.numpy
        made = jax.custom_vjp(lambda *xs: f(*xs))

        def back(xs: Any, weights: Any) -> Any:
            _, pull = jax.vjp(f, *xs)
            first = jnp.zeros_like(weights).reshape(-1)
            first = first.at[0].set(jnp.ravel(weights)[0]).reshape(weights.shape)
            found = [np.asarray(g) for g in pull(weights)]
            alone = [np.asarray(g) for g in pull(first)]
            return tuple(jnp.asarray(g) for g in change(found, alone))

        made.defvjp(lambda *xs: (f(*xs), xs), back)
        return made

    def report(self, f: Any, xs: list[Array]) -> Any:
        from autograd.check.fronts import Asked, checked
        from autograd.check.jax.call import TreeCall
        from autograd.check.jax.checks import TreeFront

        arrays = [self.jax.numpy.asarray(x) for x in xs]
        return checked(TreeFront(TreeCall(f, arrays)), Asked(), inside=False)

    def passes(self, rival: str, f: Any, xs: list[Array]) -> bool:
        if rival == "scipy check_grad":
            return scipy_passes(self, f, xs)
        from jax.test_util import check_grads

        try:
            check_grads(f, tuple(map(self.jax.numpy.asarray, xs)), order=1, modes=["rev"])
        except AssertionError:
            return False
        return True

    def value(self, f: Any, xs: list[Array]) -> float:
        return float(self.jax.numpy.sum(f(*map(self.jax.numpy.asarray, xs))))


def scipy_passes(engine: Any, f: Any, xs: list[Array]) -> bool:
    """Whether scipy's check_grad finds an error that people let pass."""
    from scipy.optimize import check_grad

    sizes = np.cumsum([x.size for x in xs])[:-1]

    def apart(flat: Array) -> list[Array]:
        parts = np.split(flat, sizes)
        return [p.reshape(x.shape) for p, x in zip(parts, xs, strict=True)]

    def gradient(flat: Array) -> Array:
        return np.concatenate([g.ravel() for g in engine.gradients(f, apart(flat))])

    point = np.concatenate([x.ravel() for x in xs])
    off = check_grad(lambda flat: engine.value(f, apart(flat)), gradient, point)
    return bool(off <= SCIPY_PASSES * max(1.0, float(np.linalg.norm(gradient(point)))))
