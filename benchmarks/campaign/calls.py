"""The good calls that the fuzz part spoils: every public name and method, one line each.

Each argument of each call in a line is replaced in turn, but for those of HELPERS; and each
parameter that a call leaves out is given too.
"""

# The texts are read as a table.
# ruff: noqa: E501
# fmt: off
from autograd.engine.primitives import TABLE

HELPERS = {
    "list", "str", "next", "len", "cube", "product", "square_sum", "z", "leaf", "model", "ready", "samples",
    "targets", "sgd", "record", "recording", "saved", "entered", "program", "called", "source", "drawing",
    "text_of", "dict", "walked", "np.array", "np.ones", "np.random.default_rng",
}

UNARY = [row.name for row in TABLE.values() if row.arity == 1]
BINARY = [row.name for row in TABLE.values() if row.arity == 2 and not row.constants]
BINARY += ["power", "maximum", "minimum", "hypot"]
TRANSFORMS = ["derivative", "grad", "hessian", "jacobian", "value_and_grad"]
OPERATIONS = ["+", "-", "*", "/", "**", "<", "<=", ">", ">=", "==", "!=", "%", "//", "@", "and"]

CALLS = [
    *[f"ag.{name}(leaf())" for name in UNARY],
    *[f"ag.{name}(leaf(), 3.0)" for name in BINARY],
    *[f"ag.{name}([1.0, leaf()])"
      for name in ("sum", "mean", "norm", "softmax", "log_softmax", "logsumexp")],
    "ag.variance([1.0, leaf()], 0)", "ag.dot([1.0, leaf()], [2.0, 3.0])", "ag.select(1, [1.0, leaf()])",
    "ag.where(leaf(), 1.0, leaf())", "ag.clip(leaf(), 0.0, 1.0)", "ag.leaky_relu(leaf(), 0.1)",
    "ag.elu(leaf(), 1.0)", "ag.power_log(leaf(), 3.0, 1.0)", "ag.subgradient_table()",
    *[f"ag.{name}(cube, 0)(2.0)" for name in TRANSFORMS if name != "derivative"],
    "ag.grad(square_sum)([1.0, 2.0])", "ag.hessian(square_sum)([1.0, 2.0])",
    "ag.jacobian(lambda xs: xs)([1.0, 2.0])", "ag.grad(product, (0, 1))(2.0, 3.0)",
    "ag.grad(ag.grad(cube))(2.0)",
    "ag.derivative(cube, 1)(2.0)", "ag.jvp(cube)(2.0, 1.0)", "ag.hvp(cube)(2.0, 1.0)",
    "ag.backward(z())", "ag.gradient(z(), [leaf()])", "ag.local_partials(z())", "ag.order(z())",
    "z().backward()", "ag.to_json(z())", "ag.from_json(source())", "entered(ag.no_grad())",
    "entered(ag.detect_anomaly())", "ag.no_grad()(cube)(2.0)", "ag.detect_anomaly()(cube)(2.0)",
    "ag.write_whole('kept.txt', 'text')",
    "ag.parse('x * y', x=2.0, y=3.0)", "ag.name_locals({'x': leaf()})", "text_of(ag.latex(z()))",
    "ag.Primitive('fuzzed', lambda x: x * x * x, lambda z, x: (3.0 * x * x,), 1)",
    "ag.register(row('fuzzed'))", "ag.unregister('fuzzed')",
    "ag.primitive(partials=lambda z, x: (3.0 * x * x,))(cube)",
    "text_of(ag.draw(z(), depth=3))", "drawing().content('svg')", "drawing().save('kept.svg')",
    "ag.set_picture_format('svg').__exit__()",
    "text_of(ag.draw_update(drawing(), drawing()))", "text_of(ag.steps(z()))", "ag.steps(z())[0]",
    "ag.steps(z())[0].latex_line('=')",
    "text_of(ag.explain(z(), leaf()))", "text_of(ag.influence(z()))", "text_of(ag.walkthrough(z()))",
    "ag.walkthrough(z()).save('kept.html')", "ag.Latex('x')",
    "ag.playground('w*x', w=2.0, x=3.0)", "ag.playground('x', x=1.0).save('kept.html')",
    # Values.
    "Value(2.0, 'x')", "assigned(leaf(), 'data', 3.0)", "assigned(leaf(), 'label', 'y')",
    "assigned(leaf(), 'grad', 1.0).backward()",
    "leaf().detach()", "format(leaf(), '.2f')", "leaf().clip(0.0, 3.0)",
    *[f"leaf().{name}(3.0)" for name in (*BINARY, "arctan2", "leaky_relu", "elu", "power_log")],
    *[f"np.{name}(leaf(), 3.0)" for name in ("logaddexp", "float_power", "hypot", "divide", "fmod")],
    "leaf().where(1.0, 2.0)", "leaf().select([1.0, 2.0])", "leaf().backward()",
    *[f"applied({operation!r}, leaf(), 3.0)" for operation in OPERATIONS],
    *[f"applied({operation!r}, 3.0, leaf())" for operation in OPERATIONS],
    *[f"np.{name}(leaf(), 3.0)" for name in ("add", "maximum", "arctan2", "power", "equal", "less")],
    # The checker.
    "text_of(ag.check_gradients(cube, 2.0, order=1))", "ag.assert_gradients(cube, 2.0, order=1)",
    "text_of(ag.check_against(cube, slope, 2.0))",
    "text_of(ag.check_module(model(), lambda output, y: output[0], [1.0, 2.0], 1.0))",
    "text_of(check.check_row(row(), points=8))", "text_of(check.mark_gradient(cube, slope, [2.0]))",
    "text_of(check.mark_value(cube, cube, [2.0]))", "text_of(check.Report([], 'gradients'))",
    "text_of(check.assert_mark_value(cube, cube, [2.0]))",
    "text_of(check.assert_mark_gradient(cube, slope, [2.0]))", "check.ExerciseError('it raised')",
    "ag.check_gradients(cube, 2.0, order=1).raise_if_wrong(strict=False)",
    "strategies.networks(max_inputs=2).validate()", "strategies.points((0.0, 1.0)).validate()",
    "strategies.programs(max_ops=3).validate()", "strategies.values(0.0, 1.0).validate()",
    "strategies.register_profiles()",
    "check.complex_step(cube, 2.0)", "check.differences(cube, 2.0)", "check.high_precision(cube, 2.0)",
    "check.forward_mode(cube, 2.0)", "check.sum_over_paths(cube, 2.0, limit=9)",
    "check.taylor_remainder(cube, slope, 2.0)", "text_of(check.random_program(3, max_ops=4))",
    "entered(check.planted(ag.lookup('sin'), lambda z, x: (z,)))", "ag.lookup('sin')",
    "check.GradientError(check.Report([]))", "ag.Drawing(drawing().picture, 'svg')",
    "ag.Explanation(walked(), leaf(), 3)", "ag.Influence(walked(), 3)",
    "ag.Walkthrough(walked(), 10, False)", "ag.ExpressionPage('x', walked())",
    # The laboratory.
    "laboratory.Survey([])", "laboratory.Trial('a', ('b', 'c'), walked(), [0.0] * 7, [0.0] * 7, None, [], 'd')",
    "laboratory.survey(z()).markdown()",
    "text_of(laboratory.forgotten_zero_grad(z(), lr=0.1))", "text_of(laboratory.live_weights(z()))",
    "text_of(laboratory.naive_recursion(z()))", "text_of(laboratory.no_order(z()))",
    "text_of(laboratory.overwrite(z()))", "text_of(laboratory.survey(z()))",
    # Programs.
    "ag.compile(product)(2.0, 3.0)", "ag.compile(square_sum)([1.0, 2.0])", "called().report()",
    "program().value_and_grad(2.0, 3.0)", "program().value_and_grad(np.array([1.0, 2.0]), np.array([1.0, 2.0]))",
    "called().on(np)", "program().load()", "program().store()", "called().repeats()",
    "ag.compile(lambda x: x * leaf(), parameters=[])(2.0)",
    # nn.
    "nn.MLP([2, 2, 1], 'tanh', 'linear', 'he', 0)([1.0, 2.0])", "nn.Layer(2, 1, 'tanh')([1.0, 2.0])",
    "nn.Neuron(2, 'tanh')([1.0, 2.0])", "model()([1.0, 2.0])", "model().predict(samples())",
    "model().set_arrays(model().arrays())", "model().save('kept.npz')", "nn.Module.load(saved())",
    "nn.MLP.from_config({'sizes': [1, 1]})", "nn.Module.from_config({})", "model().arrays()",
    "model().config()", "model().parameters()", "model().named_parameters()", "model().zero_grad()",
    "assigned(model(), 'extra', 1.0).parameters()", "assigned(model(), 'layers', 1.0).parameters()",
    "nn.Layer(2, 1).forward([1.0, 2.0])", "nn.Neuron(2).forward([1.0, 2.0])",
    "nn.Layer(2, 1).config()", "nn.Neuron(2).config()",
    "nn.SGD([assigned(leaf(), 'grad', 1.0)], 0.1).step()", "nn.SGD([leaf()], 0.1).zero_grad()",
    "nn.SGD([leaf()], 0.1).step_array(np.array([1.0]), np.array([1.0]))",
    "assigned(nn.SGD([assigned(leaf(), 'grad', 1.0)], 0.1), 'lr', 0.1).step()",
    "nn.SGD([leaf()], 0.1, 0.5, True, 0.1, during_backward=False, clip_value=1.0, clip_norm=1.0).state_dict()",
    *[f"nn.{name}([assigned(leaf(), 'grad', 1.0)], 0.1).step()" for name in ("Adagrad", "Adam", "AdamW", "RMSprop")],
    "nn.Optimizer([leaf()], 0.1).zero_grad()", "nn.Adam([leaf()], 0.1, (0.5, 0.9), 0.001, 0.1)", "nn.Adagrad([leaf()], 0.1, 0.1, 0.1, 0.1, 0.001)",
    "nn.RMSprop([leaf()], 0.1, 0.9, 0.001, 0.1, 0.5, True)", "nn.AdamW([leaf()], 0.1, (0.5, 0.9), 0.001, 0.1)",
    "sgd().load_state_dict(sgd().state_dict())", "nn.SGD([leaf()], 0.1).on_leaf(leaf())",
    "leaf().backward(on_leaf=nn.SGD([leaf()], 0.1, during_backward=True).on_leaf)",
    "nn.optim.Optimizer([leaf()], 0.1)", "nn.optim.array_step(sgd())",
    "searched(loss='hinge', batch_size=2, low=0.1, high=1.0, steps=10, seed=0, engine='eager')", "searched(optimizer=sgd())",
    "text_of(nn.RateSearch([0.1, 0.2], [1.0, 0.5], [1.0, 0.75], 0.1))",
    "schedules.constant(0.1)(3)", "schedules.step(0.1, every=2, factor=0.5)(3)",
    "schedules.exponential(0.1, factor=0.5)(3)", "schedules.cosine(0.1, steps=9, end=0.01)(3)",
    "schedules.warmup(schedules.constant(0.1), steps=5, start=0.5)(3)",
    "schedules.inverse(0.1, delay=2.0, power=0.75)(3)", "schedules.Schedule()",
    "schedules.one_cycle(0.1, steps=9, rise=0.5, divide=5.0, final=5.0)(3)",
    "schedules.written(schedules.constant(0.1))", "schedules.read({'schedule': 'constant', 'lr': 0.1})",
    "list(nn.minibatches(samples(), targets(), 2))", "nn.split(samples(), targets(), 0.5)",
    "list(nn.Batches(samples(), targets(), 2, np.random.default_rng(0), False))",
    "nn.Constant(0.5).weights(2, 3, np.random.default_rng(0))",
    "nn.Constant().biases(2, np.random.default_rng(0))",
    *[f"nn.{name}().weights(2, 3, np.random.default_rng(0))"
      for name in ("He", "Xavier", "ScaledNormal", "Uniform")],
    "nn.Uniform(0.5)", "init.described('he')",
    "init.checked_pair('he', ([[1.0]], [1.0]), 1, 1)",
    "losses.mean_loss(losses.loss_named('hinge'), [[1.0]], [1])", "losses.class_label('a', 1, 2)",
    "metrics.true_classes([1, 0])", "losses.Loss('a', cube, 'any')", "init.draw('he', [2, 3], 0)", "init.initialiser('he')",
    "nn.EpochRecord(1, 0.5, None, None, None, 0.1, 0)", "text_of(nn.History([record()], ''))",
    "nn.History().append(record())", "nn.History([record()]).to_csv()", "nn.History([record()])[0]",
    "nn.History([record()]).plot()", "nn.DivergenceError('words', nn.History())",
    "nn.accuracy([1.0, -1.0], [1, 0])", "nn.classes([1.0, -1.0])", "nn.confusion([1, 0], [1, 1], 2)",
    "nn.one_hot([0, 1], 2)",
    "nn.binary_cross_entropy(leaf(), 1)", "nn.hinge([leaf()], 1)", "nn.cross_entropy([leaf(), 1.0], 1)",
    *[f"nn.{name}([leaf()], [1.0])"
      for name in ("half_squared_error", "mean_absolute_error", "mean_squared_error")],
    "nn.huber([leaf()], [1.0], 1.0)", "losses.loss_named('hinge')",
    "trained(model(), samples(), targets(), loss='hinge', epochs=1, batch_size=2, engine='eager', seed=0, validation=0.25)",
    "ready().predict_classes(samples())", "ready().predict_probabilities(samples())",
    "trained(callbacks=[], engine='auto', progress=False)", "trained(optimizer=sgd())",
    "text_of(nn.playground(model(), samples(), targets(), loss='hinge', lr=0.1, batch_size=2, seed=0, validation=0.25))",
    "nn.playground(model(), samples(), targets(), loss='hinge', lr=0.1, batch_size=2).save('kept.html')",
    "nn.TrainingPage(recording())",
    *[f"datasets.{name}(6)" for name in ("circles", "line", "moons", "spirals", "xor")],
    "datasets.Frame({'a': [1.0, 2.0], 'b': ['x', 'y']})['a']", "datasets.Frame({'a': [1.0]}).to_numpy()",
    "datasets.digits()", "datasets.load('moons', n=6)", "datasets.load('moons', n=6, noise=0.1)", "datasets.mnist('nowhere')", "datasets.names()",
    "plots.backprop_cost([2, 2], {'a': [1, 2]})",
    "plots.batch_noise([1, 2], [0.2, 0.1], spread=0.2, count=10)",
    "plots.boundary(model(), samples(), targets(), steps=4)",
    "plots.confusion_matrix([[1, 0], [0, 1]])", "plots.curves(nn.History([record()]))",
    "plots.descent_paths(lambda x, y: x * x + y * y, {'a': [[1.0, 1.0], [0.5, 0.5]]}, grid=4)",
    "plots.difference_errors([0.1, 0.01], {'a': [0.1, 0.2]})", "plots.images(np.ones((2, 64)))",
    "plots.learning_rates(lambda x: x * x, {0.1: [1.0, 0.5]})",
    "plots.perturbation(lambda x: x * x, 1.0, 2.0)", "plots.saturation({'a': [1.0, 2.0]})",
    "plots.rate_search([0.1, 0.2], [1.0, 0.5], smooth=[1.0, 0.75], suggestion=0.1)",
    "plots.svg(plots.images(np.ones((2, 64))))", "plots.symmetry({'a': [[1.0, 2.0], [1.0, 2.0]]})",
]
# fmt: on
