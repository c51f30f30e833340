"""Every public name of `autograd`, once; `faces.py` reads this when the package is imported."""

from autograd import check as check  # a module
from autograd import display as display  # a module
from autograd import laboratory as laboratory  # a module
from autograd import micrograd as micrograd  # a module
from autograd import pages as pages  # a module, for nn
from autograd.check import Report as Report
from autograd.check import assert_gradients as assert_gradients
from autograd.check import check_against as check_against
from autograd.check import check_gradients as check_gradients
from autograd.check import check_module as check_module
from autograd.check.register import primitive as primitive
from autograd.check.register import register as register
from autograd.check.register import unregister as unregister
from autograd.compile import compile as compile
from autograd.display.chain.explain import Explanation as Explanation
from autograd.display.chain.explain import explain as explain
from autograd.display.chain.influence import Influence as Influence
from autograd.display.chain.influence import influence as influence
from autograd.display.chain.latex import Latex as Latex
from autograd.display.chain.latex import latex as latex
from autograd.display.chain.naming import name_locals as name_locals
from autograd.display.chain.step import Step as Step
from autograd.display.chain.steps import steps as steps
from autograd.display.drawing import Drawing as Drawing
from autograd.display.drawing import draw as draw
from autograd.display.shown.notebook import set_picture_format as set_picture_format
from autograd.display.update import draw_update as draw_update
from autograd.engine.backward import backward as backward
from autograd.engine.backward import local_partials as local_partials
from autograd.engine.backward import order as order
from autograd.engine.custom.node import custom_node as custom_node
from autograd.engine.modes import detect_anomaly as detect_anomaly
from autograd.engine.modes import no_grad as no_grad
from autograd.engine.modes import recording_anyway as recording_anyway  # for nn
from autograd.engine.primitive import Primitive as Primitive
from autograd.engine.primitive import lookup as lookup
from autograd.engine.primitives import *
from autograd.engine.serialization import from_json as from_json
from autograd.engine.serialization import to_json as to_json
from autograd.engine.value import Value as Value
from autograd.errors import AnomalyError as AnomalyError
from autograd.errors import GraphFormatError as GraphFormatError
from autograd.errors import StaleGraphError as StaleGraphError
from autograd.errors import TraceError as TraceError
from autograd.errors import WrongPartialsError as WrongPartialsError
from autograd.expression import ExpressionError as ExpressionError
from autograd.expression import parse as parse
from autograd.files import check_seal as check_seal  # for nn
from autograd.files import sealed as sealed  # for nn
from autograd.files import write_whole as write_whole
from autograd.functions import *
from autograd.pages.playground import ExpressionPage as ExpressionPage
from autograd.pages.playground import playground as playground
from autograd.pages.walkthrough import Walkthrough as Walkthrough
from autograd.pages.walkthrough import walkthrough as walkthrough
from autograd.table import Table as Table  # for nn
from autograd.transforms.gradient import gradient as gradient
from autograd.transforms.stopped import stop_gradient as stop_gradient
from autograd.transforms.taylor import subgradient_table as subgradient_table
from autograd.transforms.transforms import derivative as derivative
from autograd.transforms.transforms import grad as grad
from autograd.transforms.transforms import hessian as hessian
from autograd.transforms.transforms import hvp as hvp
from autograd.transforms.transforms import jacobian as jacobian
from autograd.transforms.transforms import jvp as jvp
from autograd.transforms.transforms import value_and_grad as value_and_grad

__distribution__: str
__version__: str
