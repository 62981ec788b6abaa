"""tinymeta: gradient-based meta-learning in NumPy, every gradient derived by hand.

The source, in reading order:

    tasks           sine waves, lines, batches with support and query sets
    losses          squared error, its gradient and its curvature
    activations     ReLU and tanh with φ' and φ''
    model           what a model is: loss, gradient, Hessian times vector
    linear          linear regression by hand; closed-form least squares
    products        (for speed: skip these three at first) products that start no threads
    fast_pass       the network of mlp.py in fewer operations
    one_step        MAML's one step without adapted weights
    mlp             backpropagation and the R-operator by hand
    inner_loop      gradient descent on a support set, as a trajectory
    maml            the exact meta-gradient through any number of inner steps
    reptile         θ - θ_S
    baselines       joint training and the oracle
    optimizers      SGD and Adam on flat vectors
    training        the outer loop, as an iterator
    evaluation      errors on held-out tasks, step by step
    check_report    what a check says
    numerical       complex step and central differences
    diagnosis       what is wrong with a derived vector
    suspects        what well-known mistakes give for a network
    meta_suspects   and for a meta-gradient
    gradient_check  a gradient, and Hessian × vector, against numerical derivatives
    ladder          checks that build on each other, run on a learner's code
    recognise       which network a learner's loss is
    check_model     one's own model, from the loss to the meta-gradient
    check_meta      one's own meta-gradient or inner loop
    checkpoints     runs that can be resumed, bit for bit
    plotting        figures and animations (imports Matplotlib; import it by name)

and what python -m tinymeta is made of:

    self_check      every derivation above, checked
    check_file      a file of one's own, checked
    protocols       the published settings as plain data
    progress        progress lines and tables
    runs            training with checkpoints, evaluation on held-out tasks
    figures         the figures of runs
    commands        compare, train, evaluate, check, plot
    command_line    their options

The lessons' exercises are in exercises.  Before all of them, arguments: errors that name what is
wrong; memory: one line for speed.
"""

from . import memory
from .activations import Activation, relu, tanh
from .baselines import JointTraining, OracleTasks
from .checkpoints import Checkpoint, CheckpointError, load_checkpoint, save_checkpoint
from .evaluation import AdaptationCurve, evaluate, evaluate_batch
from .check_meta import check_adapt, check_meta_gradient
from .check_model import check_model
from .check_report import CheckReport, Finding, Ladder
from .diagnosis import compare
from .gradient_check import check_gradient, check_hvp, taylor_order
from .inner_loop import adapt
from .linear import Linear, least_squares, sine_features
from .losses import Loss, squared_error
from .maml import MAML
from .mlp import MLP
from .optimizers import SGD, Adam, linear_schedule
from .reptile import Reptile
from .tasks import Batch, LinearTasks, SinusoidTasks
from .training import DivergenceError, Step, meta_train

__version__ = "0.1.0"

memory.keep_freed_memory()
