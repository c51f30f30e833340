"""Every public name of `nn`, once; see `autograd/faces.py`."""

from nn import activations as activations  # a module
from nn import datasets as datasets
from nn import init as init  # a module
from nn import interop as interop  # a module
from nn import layers as layers  # a module
from nn import losses as losses  # a module
from nn import metrics as metrics
from nn import module as module  # a module
from nn import optim as optim  # a module
from nn import plots as plots  # a module
from nn import schedules as schedules  # a module
from nn import sklearn as sklearn  # a module
from nn.data.coverage import Coverage as Coverage
from nn.data.coverage import coverage as coverage
from nn.data.encoding import OneHotEncoder as OneHotEncoder
from nn.data.preprocessing import MinMaxScaler as MinMaxScaler
from nn.data.preprocessing import StandardScaler as StandardScaler
from nn.init import Constant as Constant
from nn.init import He as He
from nn.init import Initialiser as Initialiser
from nn.init import ScaledNormal as ScaledNormal
from nn.init import Uniform as Uniform
from nn.init import Xavier as Xavier
from nn.layers import MLP as MLP
from nn.layers import Dropout as Dropout
from nn.layers import Embedding as Embedding
from nn.layers import Flatten as Flatten
from nn.layers import Layer as Layer
from nn.layers import LayerNorm as LayerNorm
from nn.layers import Neuron as Neuron
from nn.layers import Recurrent as Recurrent
from nn.layers import Residual as Residual
from nn.layers import Sequential as Sequential
from nn.layers import Softmax as Softmax
from nn.losses import binary_cross_entropy as binary_cross_entropy
from nn.losses import cross_entropy as cross_entropy
from nn.losses import half_squared_error as half_squared_error
from nn.losses import hinge as hinge
from nn.losses import huber as huber
from nn.losses import mean_absolute_error as mean_absolute_error
from nn.losses import mean_squared_error as mean_squared_error
from nn.metrics.outputs import accuracy as accuracy
from nn.metrics.outputs import classes as classes
from nn.metrics.outputs import confusion as confusion
from nn.metrics.outputs import one_hot as one_hot
from nn.module import Module as Module
from nn.optim import SGD as SGD
from nn.optim import Adagrad as Adagrad
from nn.optim import Adam as Adam
from nn.optim import AdamW as AdamW
from nn.optim import Optimizer as Optimizer
from nn.optim import RMSprop as RMSprop
from nn.pages.playground import TrainingPage as TrainingPage
from nn.pages.playground import playground as playground
from nn.perceptron import MultilayerPerceptron as MultilayerPerceptron
from nn.rates import RateSearch as RateSearch
from nn.rates import find_lr as find_lr
from nn.training.batches import Batches as Batches
from nn.training.batches import minibatches as minibatches
from nn.training.batches import split as split
from nn.training.engines.looking import Move as Move
from nn.training.engines.looking import TopMovers as TopMovers
from nn.training.engines.looking import sample_gradients as sample_gradients
from nn.training.engines.looking import top_movers as top_movers
from nn.training.evaluate import evaluate as evaluate
from nn.training.fit import fit as fit
from nn.training.history import EpochRecord as EpochRecord
from nn.training.history import GradientCost as GradientCost
from nn.training.history import History as History
from nn.training.plan import DivergenceError as DivergenceError
