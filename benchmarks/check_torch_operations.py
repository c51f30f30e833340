"""Operations of PyTorch for the rates of its gradient check, each with the inputs that it takes.

A line is a name, a function, and the kinds of its inputs: see `check_draws`.
"""

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


def _elementwise(t):
    """Functions of one number, by the interval that they are asked in."""
    f = t.nn.functional
    free = {
        "sin": t.sin, "cos": t.cos, "atan": t.atan, "sinh": t.sinh, "cosh": t.cosh,
        "tanh": t.tanh, "asinh": t.asinh, "exp": t.exp, "exp2": t.exp2, "expm1": t.expm1,
        "sigmoid": t.sigmoid, "logsigmoid": f.logsigmoid, "softplus": f.softplus, "relu": t.relu,
        "leaky_relu": f.leaky_relu, "elu": f.elu, "celu": f.celu, "selu": f.selu, "gelu": f.gelu,
        "gelu tanh": lambda x: f.gelu(x, approximate="tanh"), "silu": f.silu, "mish": f.mish,
        "hardtanh": f.hardtanh, "hardswish": f.hardswish, "hardsigmoid": f.hardsigmoid,
        "relu6": f.relu6, "softsign": f.softsign, "tanhshrink": f.tanhshrink,
        "softshrink": f.softshrink, "hardshrink": f.hardshrink, "erf": t.erf, "erfc": t.erfc,
        "square": t.square, "abs": t.abs, "sinc": t.sinc, "i0": t.special.i0,
        "i0e": t.special.i0e, "i1": t.special.i1, "ndtr": t.special.ndtr, "frac": t.frac,
        "log_ndtr": t.special.log_ndtr, "erfcx": t.special.erfcx, "round": t.round,
        "nan_to_num": t.nan_to_num, "clamp": lambda x: t.clamp(x, -1.0, 1.0), "deg2rad": t.deg2rad,
    }  # fmt: skip
    positive = {
        "log": t.log, "log2": t.log2, "log10": t.log10, "sqrt": t.sqrt, "rsqrt": t.rsqrt,
        "lgamma": t.lgamma, "digamma": t.digamma, "entr": t.special.entr, "log1p": t.log1p,
        "xlogy": lambda x: t.special.xlogy(x, x + 1.0), "reciprocal": t.reciprocal,
        "pow 1.5": lambda x: x**1.5, "polygamma": lambda x: t.polygamma(1, x),
    }  # fmt: skip
    unit = {"asin": t.asin, "acos": t.acos, "atanh": t.atanh, "erfinv": t.erfinv}
    found = [Operation(name, g, inputs(ANY)) for name, g in free.items()]
    found += [Operation(name, g, inputs(POSITIVE)) for name, g in positive.items()]
    found += [Operation(name, g, inputs(UNIT)) for name, g in unit.items()]
    found += [
        Operation("tan", t.tan, inputs(within(-1.4, 1.4))),
        Operation("acosh", t.acosh, inputs(within(1.0, 4.0, 1.0))),
        Operation("logit", t.logit, inputs(within(0.01, 0.99, 0.5))),
        Operation("threshold", lambda x: f.threshold(x, 0.1, 20.0), inputs(ANY)),
        Operation("rrelu eval", lambda x: f.rrelu(x, training=False), inputs(ANY)),
        Operation("glu", lambda x: f.glu(x, -1), inputs(ANY, (3, 4))),
        Operation("prelu", f.prelu, inputs((ANY, (2, 3)), (ANY, (1,)))),
    ]
    return found


def _pairs(t):
    """Functions of two inputs, broadcast ones among them."""
    two = [(ANY, (2, 3)), (ANY, (3,))]
    same = [(ANY, (4,)), (ANY, (4,))]
    return [
        Operation("add", t.add, inputs(*two)),
        Operation("sub", t.sub, inputs(*two)),
        Operation("mul", t.mul, inputs(*two)),
        Operation("div", t.div, inputs((ANY, (2, 3)), (far(0.2), (3,)))),
        Operation("pow", t.pow, inputs((POSITIVE, (2, 3)), (ANY, (3,)))),
        Operation("atan2", t.atan2, inputs(*same)),
        Operation("hypot", t.hypot, inputs(*same)),
        Operation("maximum", t.maximum, inputs(*same)),
        Operation("minimum", t.minimum, inputs(*same)),
        Operation("fmax", t.fmax, inputs(*same)),
        Operation("where", lambda x, y: t.where(x > 0, x * y, y), inputs(*same)),
        Operation("lerp", lambda x, y: t.lerp(x, y, 0.3), inputs(*same)),
        Operation("logaddexp", t.logaddexp, inputs(*same)),
        Operation("remainder", t.remainder, inputs((ANY, (3,)), (far(0.5), (3,)))),
        Operation("fmod", t.fmod, inputs((ANY, (3,)), (far(0.5), (3,)))),
        Operation("copysign", t.copysign, inputs(*same)),
        Operation("dist", t.dist, inputs(*same)),
        Operation("cross", t.cross, inputs((ANY, (2, 3)), (ANY, (2, 3)))),
        Operation("outer", t.outer, inputs((ANY, (2,)), (ANY, (3,)))),
        Operation("kron", t.kron, inputs((ANY, (2, 2)), (ANY, (2, 2)))),
        Operation("dot", t.dot, inputs(*same)),
        Operation("mv", t.mv, inputs((ANY, (2, 3)), (ANY, (3,)))),
        Operation("matmul", t.matmul, inputs((ANY, (2, 3)), (ANY, (3, 3)))),
        Operation("bmm", t.bmm, inputs((ANY, (2, 2, 3)), (ANY, (2, 3, 2)))),
        Operation("addmm", t.addmm, inputs((ANY, (2, 2)), (ANY, (2, 3)), (ANY, (3, 2)))),
        Operation("einsum", lambda x, y: t.einsum("ij,kj->ik", x, y),
                  inputs((ANY, (2, 3)), (ANY, (2, 3)))),
        Operation("cdist", t.cdist, inputs((ANY, (2, 3)), (ANY, (2, 3)))),
    ]  # fmt: skip


def _reductions(t):
    square = [(ANY, (3, 3))]
    row = [(ANY, (2, 4))]
    return [
        Operation("sum", lambda x: x.sum(0), inputs(*row)),
        Operation("mean", lambda x: x.mean(1), inputs(*row)),
        Operation("prod", lambda x: x.prod(1), inputs(*row)),
        Operation("norm 2", lambda x: t.linalg.vector_norm(x, dim=1), inputs(*row)),
        Operation("norm 1", lambda x: t.linalg.vector_norm(x, 1, dim=1), inputs(*row)),
        Operation("norm 3", lambda x: t.linalg.vector_norm(x, 3, dim=1), inputs(*row)),
        Operation("norm inf", lambda x: t.linalg.vector_norm(x, t.inf, dim=1), inputs(*row)),
        Operation("var", lambda x: x.var(1), inputs(*row)),
        Operation("std", lambda x: x.std(1), inputs(*row)),
        Operation("logsumexp", lambda x: t.logsumexp(x, 1), inputs(*row)),
        Operation("softmax", lambda x: t.softmax(x, 1), inputs(*row)),
        Operation("log_softmax", lambda x: t.log_softmax(x, 1), inputs(*row)),
        Operation("softmin", lambda x: t.nn.functional.softmin(x, 1), inputs(*row)),
        Operation("max", lambda x: x.max(1)[0], inputs(*row)),
        Operation("amax", lambda x: x.amax(1), inputs(*row)),
        Operation("median", lambda x: x.median(1)[0], inputs(*row)),
        Operation("sort", lambda x: x.sort(1)[0], inputs(*row)),
        Operation("topk", lambda x: x.topk(2, 1)[0], inputs(*row)),
        Operation("cummax", lambda x: x.cummax(1)[0], inputs(*row)),
        Operation("cumsum", lambda x: x.cumsum(1), inputs(*row)),
        Operation("cumprod", lambda x: x.cumprod(1), inputs(*row)),
        Operation("logcumsumexp", lambda x: x.logcumsumexp(1), inputs(*row)),
        Operation("quantile", lambda x: x.quantile(0.3, 1), inputs(*row)),
        Operation("renorm", lambda x: t.renorm(x, 2, 0, 1.0), inputs(*row)),
        Operation("trapezoid", lambda x: t.trapezoid(x), inputs(*row)),
        Operation("gather", lambda x: x.gather(1, t.tensor([[0, 0], [3, 1]])), inputs(*row)),
        Operation("index_select", lambda x: x[:, [0, 2, 0]], inputs(*row)),
        Operation("roll, flip", lambda x: x.roll(1, 1) * x.flip(1), inputs(*row)),
        Operation("tril", lambda x: t.tril(x) @ x, inputs(*square)),
        Operation("diag", lambda x: t.diag(x) * x.sum(0), inputs(*square)),
        Operation("unfold", lambda x: x.unfold(1, 2, 1).prod(-1), inputs(*row)),
        Operation("scatter_add", lambda x: t.zeros(2, 2, dtype=x.dtype).scatter_add(
            1, t.tensor([[0, 1, 0, 0], [1, 1, 0, 1]]), x * x), inputs(*row)),
    ]  # fmt: skip


def _matrices(t):
    a = t.linalg
    return [
        Operation("inv", a.inv, inputs((covariance, (3, 3)))),
        Operation("det", a.det, inputs((ANY, (3, 3)))),
        Operation("slogdet", lambda x: a.slogdet(x)[1], inputs((covariance, (3, 3)))),
        Operation("cholesky", lambda x: a.cholesky(x + x.mT), inputs((covariance, (3, 3)))),
        Operation("solve", a.solve, inputs((covariance, (3, 3)), (ANY, (3,)))),
        Operation("svdvals", a.svdvals, inputs((ANY, (3, 2)))),
        Operation("eigvalsh", lambda x: a.eigvalsh(x + x.mT), inputs((ANY, (3, 3)))),
        Operation("qr", lambda x: a.qr(x)[1], inputs((covariance, (3, 3)))),
        Operation("matrix_exp", a.matrix_exp, inputs((ANY, (2, 2)))),
        Operation("matrix_power", lambda x: a.matrix_power(x, 3), inputs((ANY, (3, 3)))),
        Operation("pinv", a.pinv, inputs((ANY, (3, 2)))),
        Operation("nuclear norm", lambda x: a.matrix_norm(x, "nuc"), inputs((ANY, (3, 2)))),
        Operation("triangular", lambda x, y: a.solve_triangular(x, y, upper=False),
                  inputs((covariance, (3, 3)), (ANY, (3, 2)))),
        Operation("trace", lambda x: (x @ x).trace(), inputs((ANY, (3, 3)))),
    ]  # fmt: skip


def _layers(t):
    f = t.nn.functional
    labels = t.tensor([0, 2])
    return [
        Operation("linear", f.linear, inputs((ANY, (2, 3)), (ANY, (2, 3)), (ANY, (2,)))),
        Operation("conv1d", f.conv1d, inputs((ANY, (1, 2, 4)), (ANY, (2, 2, 2)), (ANY, (2,)))),
        Operation("conv2d", lambda x, w: f.conv2d(x, w, padding=1),
                  inputs((ANY, (1, 1, 3, 3)), (ANY, (1, 1, 2, 2)))),
        Operation("conv_transpose1d", f.conv_transpose1d,
                  inputs((ANY, (1, 2, 3)), (ANY, (2, 1, 2)))),
        Operation("avg_pool2d", lambda x: f.avg_pool2d(x, 2), inputs((ANY, (1, 1, 4, 4)))),
        Operation("max_pool2d", lambda x: f.max_pool2d(x, 2), inputs((ANY, (1, 1, 4, 4)))),
        Operation("lp_pool1d", lambda x: f.lp_pool1d(x, 2, 2), inputs((ANY, (1, 1, 4)))),
        Operation("layer_norm", lambda x: f.layer_norm(x, (4,)), inputs((ANY, (2, 4)))),
        Operation("group_norm", lambda x: f.group_norm(x, 2), inputs((ANY, (2, 4, 2)))),
        Operation("batch_norm", lambda x: f.batch_norm(x, None, None, training=True),
                  inputs((ANY, (4, 2)))),
        Operation("rms_norm", lambda x: f.rms_norm(x, (4,)), inputs((ANY, (2, 4)))),
        Operation("local_response_norm", lambda x: f.local_response_norm(x, 2),
                  inputs((ANY, (1, 3, 2)))),
        Operation("normalize", f.normalize, inputs((ANY, (2, 3)))),
        Operation("cross_entropy", lambda x: f.cross_entropy(x, labels), inputs((ANY, (2, 3)))),
        Operation("label smoothing", lambda x: f.cross_entropy(x, labels, label_smoothing=0.1),
                  inputs((ANY, (2, 3)))),
        Operation("multi_margin", lambda x: f.multi_margin_loss(x, labels), inputs((ANY, (2, 3)))),
        Operation("mse", f.mse_loss, inputs((ANY, (4,)), (ANY, (4,)))),
        Operation("l1", f.l1_loss, inputs((ANY, (4,)), (ANY, (4,)))),
        Operation("smooth_l1", f.smooth_l1_loss, inputs((ANY, (4,)), (ANY, (4,)))),
        Operation("huber", f.huber_loss, inputs((ANY, (4,)), (ANY, (4,)))),
        Operation("kl_div", lambda x, y: f.kl_div(x, y.softmax(0)),
                  inputs((ANY, (4,)), (ANY, (4,)))),
        Operation("poisson_nll", lambda x: f.poisson_nll_loss(x, t.ones(4).double()),
                  inputs((ANY, (4,)))),
        Operation("gaussian_nll", lambda x, v: f.gaussian_nll_loss(x, t.ones(4).double(), v),
                  inputs((ANY, (4,)), (within(0.1, 2.0), (4,)))),
        Operation("bce", lambda x: f.binary_cross_entropy(x, t.tensor([0.0, 1.0, 0.3]).double()),
                  inputs((within(0.05, 0.95, 0.5), (3,)))),
        Operation("bce logits", lambda x: f.binary_cross_entropy_with_logits(
            x, t.tensor([0.0, 1.0, 0.3]).double()), inputs((ANY, (3,)))),
        Operation("cosine_similarity", lambda x, y: f.cosine_similarity(x, y, dim=0),
                  inputs((ANY, (3,)), (ANY, (3,)))),
        Operation("pdist", f.pdist, inputs((ANY, (3, 2)))),
        Operation("triplet", lambda x, y, z: f.triplet_margin_loss(x, y, z),
                  inputs((ANY, (2, 3)), (ANY, (2, 3)), (ANY, (2, 3)))),
        Operation("interpolate", lambda x: f.interpolate(x, scale_factor=2, mode="bilinear"),
                  inputs((ANY, (1, 1, 2, 2)))),
        Operation("pad reflect", lambda x: f.pad(x, (1, 1), mode="reflect") ** 2,
                  inputs((ANY, (1, 3)))),
        Operation("attention", f.scaled_dot_product_attention,
                  inputs((ANY, (1, 2, 2)), (ANY, (1, 3, 2)), (ANY, (1, 3, 2)))),
        Operation("embedding", lambda w: f.embedding(t.tensor([0, 2, 0]), w).prod(0),
                  inputs((ANY, (3, 2)))),
        Operation("bilinear", f.bilinear,
                  inputs((ANY, (2, 2)), (ANY, (2, 3)), (ANY, (2, 2, 3)))),
        Operation("grid_sample", lambda x, g: f.grid_sample(x, g, align_corners=True),
                  inputs((ANY, (1, 1, 3, 3)), (within(-0.9, 0.9), (1, 2, 1, 2)))),
    ]  # fmt: skip


def operations(t):
    """Return the operations of PyTorch, given its module."""
    return [*_elementwise(t), *_pairs(t), *_reductions(t), *_matrices(t), *_layers(t)]
