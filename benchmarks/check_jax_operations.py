"""Operations of JAX for the rates of its gradient check, each with the inputs that it takes."""

from benchmarks.check_draws import (
    ANY,
    POSITIVE,
    UNIT,
    Operation,
    covariance,
    far,
    inputs,
    within,
)


def _elementwise(jax):
    j, n, s = jax.numpy, jax.nn, jax.scipy.special
    free = {
        "sin": j.sin, "cos": j.cos, "arctan": j.arctan, "sinh": j.sinh, "cosh": j.cosh,
        "tanh": j.tanh, "arcsinh": j.arcsinh, "exp": j.exp, "expm1": j.expm1, "exp2": j.exp2,
        "abs": j.abs, "square": j.square, "sinc": j.sinc, "sigmoid": n.sigmoid,
        "softplus": n.softplus, "relu": n.relu, "relu6": n.relu6, "leaky_relu": n.leaky_relu,
        "elu": n.elu, "celu": n.celu, "selu": n.selu, "gelu": n.gelu, "silu": n.silu,
        "log_sigmoid": n.log_sigmoid, "hard_tanh": n.hard_tanh, "soft_sign": n.soft_sign,
        "mish": n.mish, "squareplus": n.squareplus, "erf": s.erf, "erfc": s.erfc, "i0": s.i0,
        "ndtr": s.ndtr, "log_ndtr": s.log_ndtr, "clip": lambda x: j.clip(x, -1.0, 1.0),
    }  # fmt: skip
    positive = {
        "log": j.log, "log2": j.log2, "log1p": j.log1p, "sqrt": j.sqrt, "cbrt": j.cbrt,
        "gammaln": s.gammaln, "digamma": s.digamma, "entr": s.entr, "power 1.5": lambda x: x**1.5,
        "reciprocal": j.reciprocal, "xlogy": lambda x: s.xlogy(x, x + 1.0),
    }  # fmt: skip
    unit = {"arcsin": j.arcsin, "arccos": j.arccos, "arctanh": j.arctanh, "erfinv": s.erfinv}
    found = [Operation(name, f, inputs(ANY)) for name, f in free.items()]
    found += [Operation(name, f, inputs(POSITIVE)) for name, f in positive.items()]
    found += [Operation(name, f, inputs(UNIT)) for name, f in unit.items()]
    found += [
        Operation("tan", j.tan, inputs(within(-1.4, 1.4))),
        Operation("arccosh", j.arccosh, inputs(within(1.0, 4.0, 1.0))),
        Operation("logit", s.logit, inputs(within(0.01, 0.99, 0.5))),
    ]
    return found


def _pairs(jax):
    j = jax.numpy
    two, same = [(ANY, (2, 3)), (ANY, (3,))], [(ANY, (4,)), (ANY, (4,))]
    return [
        Operation("add", j.add, inputs(*two)),
        Operation("multiply", j.multiply, inputs(*two)),
        Operation("divide", j.divide, inputs((ANY, (2, 3)), (far(0.2), (3,)))),
        Operation("power", j.power, inputs((POSITIVE, (2, 3)), (ANY, (3,)))),
        Operation("arctan2", j.arctan2, inputs(*same)),
        Operation("hypot", j.hypot, inputs(*same)),
        Operation("maximum", j.maximum, inputs(*same)),
        Operation("logaddexp", j.logaddexp, inputs(*same)),
        Operation("where", lambda x, y: j.where(x > 0, x * y, y), inputs(*same)),
        Operation("matmul", j.matmul, inputs((ANY, (2, 3)), (ANY, (3, 3)))),
        Operation("einsum", lambda x, y: j.einsum("ij,kj->ik", x, y),
                  inputs((ANY, (2, 3)), (ANY, (2, 3)))),
        Operation("outer", j.outer, inputs((ANY, (2,)), (ANY, (3,)))),
        Operation("cross", j.cross, inputs((ANY, (2, 3)), (ANY, (2, 3)))),
        Operation("convolve", j.convolve, inputs((ANY, (4,)), (ANY, (2,)))),
    ]  # fmt: skip


def _reductions(jax):
    j, n, s, a = jax.numpy, jax.nn, jax.scipy.special, jax.numpy.linalg
    row = [(ANY, (2, 4))]
    return [
        Operation("sum", lambda x: x.sum(0), inputs(*row)),
        Operation("mean", lambda x: x.mean(1), inputs(*row)),
        Operation("prod", lambda x: x.prod(1), inputs(*row)),
        Operation("var", lambda x: x.var(1), inputs(*row)),
        Operation("std", lambda x: x.std(1), inputs(*row)),
        Operation("norm", lambda x: a.norm(x, axis=1), inputs(*row)),
        Operation("logsumexp", lambda x: s.logsumexp(x, axis=1), inputs(*row)),
        Operation("softmax", n.softmax, inputs(*row)),
        Operation("log_softmax", n.log_softmax, inputs(*row)),
        Operation("max", lambda x: x.max(1), inputs(*row)),
        Operation("sort", lambda x: j.sort(x, 1), inputs(*row)),
        Operation("median", lambda x: j.median(x, 1), inputs(*row)),
        Operation("cumsum", lambda x: j.cumsum(x, 1), inputs(*row)),
        Operation("cumprod", lambda x: j.cumprod(x, 1), inputs(*row)),
        Operation("take", lambda x: x[:, j.array([0, 2, 0])], inputs(*row)),
        Operation("standardize", n.standardize, inputs(*row)),
        Operation("glu", n.glu, inputs(*row)),
        Operation("interp", lambda x: j.interp(x, j.array([0.0, 1.0, 3.0]),
                                               j.array([1.0, 0.5, 2.0])), inputs(*row)),
        Operation("inv", a.inv, inputs((covariance, (3, 3)))),
        Operation("det", a.det, inputs((ANY, (3, 3)))),
        Operation("slogdet", lambda x: a.slogdet(x)[1], inputs((covariance, (3, 3)))),
        Operation("cholesky", lambda x: a.cholesky(x + x.T), inputs((covariance, (3, 3)))),
        Operation("solve", a.solve, inputs((covariance, (3, 3)), (ANY, (3,)))),
        Operation("eigvalsh", lambda x: a.eigvalsh(x + x.T), inputs((ANY, (3, 3)))),
        Operation("trace", lambda x: j.trace(x @ x), inputs((ANY, (3, 3)))),
        Operation("scan", lambda x: jax.lax.scan(lambda c, r: (j.tanh(c + r), c * r), x[0], x)[1],
                  inputs((ANY, (3, 2)))),
    ]  # fmt: skip


def operations(jax):
    """Return the operations of JAX, given its module."""
    return [*_elementwise(jax), *_pairs(jax), *_reductions(jax)]
