"""The methods that the command line knows.

To add a method, add its entry to METHODS: training, checkpoints, tables and figures follow.
"""

from dataclasses import dataclass, field
from typing import Callable

from ..methods.anil import ANIL
from ..methods.baselines import JointTraining
from ..methods.cavia import CAVIA
from ..methods.closed_form import RidgeHead
from ..methods.implicit import ImplicitMAML
from ..methods.maml import MAML
from ..methods.memory import Memory
from ..methods.meta_sgd import MetaSGD
from ..methods.prototypes import Prototypes
from ..methods.reptile import Reptile


NETWORK = "activation", "loss"
INNER = "alpha", "inner_steps", *NETWORK


@dataclass(frozen=True)
class Recipe:
    """What the command line has to know of a method."""

    label: str  # its name in tables and figures
    make: Callable  # (settings, model) -> the Method
    adapts: str = ""  # what moves for a task, in words
    cost: str = ""  # of a task's meta-gradient: g a gradient, H a Hessian product, S inner steps
    reads: tuple = INNER  # the settings that matter to it, of those that not all methods read
    network: str = "mlp"  # what it needs: "mlp", "context", or "rnn"
    support_only: bool = False  # it learns from the support sets alone: they hold all the points
    adapted: bool = True  # it takes inner steps at test time
    reads_shots: bool = False  # its steps are shots read: never more than there are
    one_hot: bool = False  # its classes must be one-hot
    told_task: bool = False  # the tasks' parameters are further inputs of its model
    own_settings: dict = field(default_factory=dict)  # what it has in place of a protocol's


def _reptile(s, model):
    batch_size = s.inner_batch
    if batch_size is not None:
        batch_size = min(batch_size, s.shots + s.queries)
    return Reptile(model, s.alpha, s.inner_steps, batch_size)


def _meta_sgd(s, model):
    return MetaSGD(model, s.alpha, s.inner_steps, s.rates, s.positive)


METHODS = {  # name on the command line -> recipe; s stands for the settings
    "maml": Recipe("MAML", lambda s, model: MAML(model, s.alpha, s.inner_steps),
                   "all of θ", "S + 1 g, S H"),
    "fomaml": Recipe("first-order MAML",
                     lambda s, model: MAML(model, s.alpha, s.inner_steps, first_order=True),
                     "all of θ", "S + 1 g"),
    # Reptile came after Finn et al. 2017; with one step on all points it would be joint training.
    "reptile": Recipe("Reptile", _reptile, "all of θ", "S g", support_only=True,
                      own_settings={"inner_steps": 5, "inner_batch": 10}),
    "joint": Recipe("joint training", lambda s, model: JointTraining(model, s.alpha),
                    "all of θ, at test time", "1 g", ("alpha", *NETWORK), support_only=True),
    "oracle": Recipe("oracle", lambda s, model: JointTraining(model, s.alpha),
                     "nothing: it is told the task", "1 g", NETWORK, support_only=True,
                     adapted=False, told_task=True, own_settings={"eval_steps": 0}),
    "metasgd": Recipe("Meta-SGD", _meta_sgd, "all of θ, at learned rates", "S + 1 g, S H",
                      (*INNER, "rates", "positive")),
    "anil": Recipe("ANIL", lambda s, model: ANIL(model, s.alpha, s.inner_steps),
                   "the last layer", "S + 1 g, S H"),
    "cavia": Recipe("CAVIA", lambda s, model: CAVIA(model, s.alpha, s.inner_steps),
                    "the context", "S + 1 g, S H", (*INNER, "context"), network="context",
                    own_settings={"alpha": 1.0}),
    "ridge": Recipe("ridge head",
                    lambda s, model: RidgeHead(model, s.strength),
                    "the last layer, solved", "2 g, 2 solves", ("strength", *NETWORK),
                    own_settings={"eval_steps": 1}),
    "implicit": Recipe("implicit MAML", lambda s, model: ImplicitMAML(model, s.strength),
                       "all of θ, to an optimum", "solvers' g and H", ("strength", *NETWORK),
                       own_settings={"dtype": "float64", "activation": "tanh", "init": "xavier"}),
    "prototypes": Recipe("prototypes", lambda s, model: Prototypes(model),
                         "class means", "2 g", ("activation",), one_hot=True,
                         own_settings={"eval_steps": 0}),
    "memory": Recipe("memory", lambda s, model: Memory(model), "a state, shot by shot",
                     "1 g through time", ("loss",), network="rnn", reads_shots=True,
                     own_settings={"widths": (1, 40, 1), "init": "uniform", "decay": True,
                                   "learning_rate": 5e-3, "max_norm": 1.0}),
}
COMPARED = ("maml", "fomaml", "reptile", "joint", "oracle")  # unless --methods says otherwise
