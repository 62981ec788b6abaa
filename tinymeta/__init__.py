"""tinymeta: gradient-based meta-learning in NumPy, every gradient derived by hand.

The source, in reading order; each wing is a folder that imports only those above it:

    core        losses, classification, activations    what is learned from
                batch, tasks                    tasks, T at a time: waves and lines
                class_tasks, glyphs             classes: boundaries, moons, strokes
                measured, measured_file         curves of one's own
                model, layout                   what a model is, and how θ lies in one vector
                arguments, setting, tried       clear errors: in calls, in what is set, in functions
                initialisation                  random weights
                side_by_side                    chunks of tasks on several cores
    learners    linear, mlp, context            gradient and Hessian times vector, by hand
                recurrent, rnn, gru             the same, through time
    methods     method                          what all methods share: adapt and pull back
                inner_loop                      gradient descent on a support set
                maml                            the exact meta-gradient
                reptile, baselines              θ - θ_S; joint training and the oracle
                meta_sgd                        learned step sizes
                anil, cavia                     the last layer, or a context, adapts
                implicit, closed_form           an optimum, or a ridge head, differentiated
                prototypes, memory              class means; a state: no inner loop
    training    optimizers, outer_loop          SGD and Adam; the outer loop, as an iterator
                evaluation, checkpoints         held-out tasks; runs that resume, bit for bit
                files                           files written whole; claims on them

That is all that computes.  Around it:

    fast        fast_pass, one_step, ...        FastMLP: the same numbers as MLP, sooner
    checking    gradient_check, check_model, …  is a derivation right, and if not, what is wrong?
    app         command_line, ...               python -m tinymeta
    exercises   one file for each lesson
    plotting, class_plots, figure_parts         figures (import Matplotlib; import by name)
"""

import os
import signal
import sys

_named = "".join(sys.orig_argv[-len(sys.argv):][:1])  # the module, by python -m, -um, -mtinymeta
if sys.argv[:1] == ["-m"] and (_named == "tinymeta" or _named.endswith("mtinymeta")):  # a program
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy: cores are for processes
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it, without a traceback

from .checking.check_meta import check_adapt, check_meta_gradient
from .checking.check_model import check_model
from .checking.diagnosis import compare
from .checking.gradient_check import check_gradient, check_hvp, taylor_order
from .checking.report import CheckReport, Finding, Ladder
from .core.activations import Activation, relu, tanh
from .core.batch import Batch
from .core.class_tasks import BoundaryTasks, MoonTasks
from .core.classification import accuracy, hinge, logistic, softmax, squared_hinge
from .core.glyphs import GlyphTasks
from .core.losses import Loss, epsilon_insensitive, huber, squared_error
from .core.measured import MeasuredTasks
from .core.model import Model
from .core.tasks import LinearTasks, SinusoidTasks
from .fast import memory
from .fast.fast_pass import FastMLP
from .learners.context import ContextMLP
from .learners.gru import GRU
from .learners.linear import Linear, least_squares, sine_features
from .learners.mlp import MLP
from .learners.rnn import RNN
from .methods.anil import ANIL
from .methods.baselines import JointTraining, OracleTasks
from .methods.cavia import CAVIA
from .methods.closed_form import RidgeHead
from .methods.implicit import ConvergenceError, ImplicitMAML
from .methods.inner_loop import adapt
from .methods.maml import MAML
from .methods.memory import Memory
from .methods.meta_sgd import MetaSGD
from .methods.method import Method
from .methods.prototypes import Prototypes
from .methods.reptile import Reptile
from .training.checkpoints import Checkpoint, CheckpointError, load_checkpoint, save_checkpoint
from .training.evaluation import AdaptationCurve, evaluate, evaluate_batch
from .training.optimizers import SGD, Adam, linear_schedule
from .training.outer_loop import DivergenceError, Step, meta_train

__version__ = "0.1.0"

memory.keep_freed_memory()
