"""The functional forms of the optimizers."""

from torch.optim.adadelta import adadelta as adadelta
from torch.optim.adagrad import adagrad as adagrad
from torch.optim.adam import adam as adam
from torch.optim.adamax import adamax as adamax
from torch.optim.adamw import adamw as adamw
from torch.optim.asgd import asgd as asgd
from torch.optim.nadam import nadam as nadam
from torch.optim.radam import radam as radam
from torch.optim.rmsprop import rmsprop as rmsprop
from torch.optim.rprop import rprop as rprop
from torch.optim.sgd import sgd as sgd
