"""Protocols: a run's settings as plain data, the published ones among them.

    finn2017     Finn et al. 2017, Sec. 5.1: A ~ U[0.1, 5], φ ~ U[0, π], x ~ U[-5, 5]; MLP 1-40-40-1,
                 ReLU; one inner step, α = 0.01; Adam.  From the reference code: rate 0.001, 25 tasks
                 of 10 + 10 points, 70,000 iterations; 600 test tasks, 10 inner steps.  α is the
                 paper's; the reference code's documented command leaves it at 0.001.
    reptile2018  The demonstration script published with Nichol et al. 2018 (J. Schulman,
                 reptile-sinewaves-demo.py; the paper's own network has ReLU): 50 grid points,
                 A ~ U[0.1, 5], φ ~ U[0, 2π]; MLP 1-64-64-1, tanh, PyTorch's initialisation; one task
                 an iteration, one epoch of five minibatches of 10, inner step 0.02; outer step 0.1
                 falling linearly to 0; 30,000 iterations.  Tested with 10 points, 32 inner steps, on
                 all 50.
    quick        finn2017 in 6,000 iterations, with Adam's rate falling linearly from 0.01 to 0, so
                 that everything ends within a minute.  Xavier's initialisation: at this rate He's
                 leaves most ReLU units dead (lesson 9), which 70,000 iterations at 0.001 do not.

Departures.  finn2017: He initialisation; the reference code draws N(0, 0.01²), truncated, which
init="truncated_normal" (on the command line --init truncated_normal) gives.  reptile2018: 600 test
tasks and an interval where the demonstration shows one task, and 10 different points where it may
draw one twice.  Methods that a source did not run get its tasks, its network, its number of
iterations and the same points a task: MAML splits them into support and query, joint training and
Reptile learn from all.  That budget counts data, not work: Reptile takes five inner gradients where
MAML takes one.  All are adapted with the same α at test time (Finn et al. tune it for joint training,
Sec. 5.1).  The oracle is not adapted: it has been told the task.
"""

from dataclasses import asdict, dataclass, replace

import numpy as np

from ..core import arguments
from ..methods.baselines import JointTraining, OracleTasks
from ..methods.maml import MAML
from ..fast.fast_pass import FastMLP
from ..training.optimizers import SGD, Adam, linear_schedule
from ..methods.reptile import Reptile
from ..core.tasks import SinusoidTasks

METHODS = {"maml": "MAML", "fomaml": "first-order MAML", "reptile": "Reptile",
           "joint": "joint training", "oracle": "oracle"}  # on the command line -> in tables and figures


@dataclass(frozen=True)
class Settings:
    """All that determines a run: same settings, same bits.  The defaults are MAML as in finn2017."""

    method: str = "maml"
    shots: int = 10  # support points a task, K
    queries: int = 10  # query points a task, Q
    alpha: float = 0.01  # inner step size
    inner_steps: int = 1
    inner_batch: int = 0  # examples an inner step of Reptile, at most all; 0 for all
    iterations: int = 70_000
    seed: int = 0
    n_tasks: int = 25  # tasks an iteration
    optimizer: str = "adam"  # or "sgd"
    learning_rate: float = 1e-3
    decay: bool = False  # linearly to 0 at the last iteration
    max_norm: float = 0.0  # clip the meta-gradient to this norm, 0 for never
    widths: tuple = (1, 40, 40, 1)
    activation: str = "relu"
    init: str = "he"
    dtype: str = "float32"
    phase: tuple = (0.0, np.pi)
    grid: int = 0  # x from so many equidistant points, 0 for uniform x
    eval_shots: tuple = (5, 10)
    eval_queries: int = 0  # 0 for as many as shots
    eval_steps: int = 10

    def as_dict(self):
        """The settings as JSON holds them: lists for tuples."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


def settings_from(values):
    """Settings from a dict, as `as_dict` gave it.  Raises ValueError for entries that do not belong."""
    unknown = set(values) - set(asdict(Settings()))
    if unknown:
        raise ValueError(f"settings have the entries {sorted(unknown)}, which tinymeta does not know")
    return Settings(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})


def finn2017(method="maml"):
    """The settings of Finn et al. 2017 for one method.

    Reptile, which came later, takes five inner steps on minibatches of ten: with one it would be
    joint training.
    """
    settings = Settings(method=method, eval_steps=0 if method == "oracle" else 10)
    return replace(settings, inner_steps=5, inner_batch=10) if method == "reptile" else settings


def quick(method="maml"):
    """finn2017 in 6,000 iterations with ten times the learning rate, falling to 0: seconds, not minutes."""
    return replace(finn2017(method), iterations=6_000, learning_rate=0.01, decay=True, init="xavier", eval_shots=(10,))


def reptile2018(method="reptile"):
    """The settings of Reptile's sine demonstration for one method."""
    common = Settings(method=method, shots=10, queries=40, alpha=0.02, iterations=30_000, n_tasks=1, decay=True,
                      widths=(1, 64, 64, 1), activation="tanh", init="uniform", phase=(0.0, 2 * np.pi), grid=50,
                      eval_shots=(10,), eval_queries=50, eval_steps=0 if method == "oracle" else 32)
    if method == "reptile":
        return replace(common, inner_steps=5, inner_batch=10, optimizer="sgd", learning_rate=0.1)
    return common


PROTOCOLS = {"quick": quick, "finn2017": finn2017, "reptile2018": reptile2018}


@dataclass
class Run:
    """What settings describe, made: the objects that meta_train and evaluate take."""

    settings: Settings
    model: FastMLP
    method: object
    tasks: object
    optimizer: object
    n_support: int
    n_query: int


def build(settings):
    """Make the model, the method, the tasks and the optimizer that settings describe.

    Raises ValueError or TypeError for settings that cannot be, naming the one that is wrong.
    """
    s = settings
    if s.method not in METHODS:
        raise ValueError(f"method is {s.method!r}; expected one of {sorted(METHODS)}")
    if s.optimizer not in ("adam", "sgd"):
        raise ValueError(f"optimizer is {s.optimizer!r}; expected 'adam' or 'sgd'")
    for name, fewest in (("shots", 1), ("queries", 1), ("n_tasks", 1), ("iterations", 1), ("inner_steps", 1),
                         ("inner_batch", 0), ("grid", 0), ("eval_queries", 0), ("eval_steps", 0), ("seed", 0)):
        arguments.whole_number(name, getattr(s, name), minimum=fewest)
    arguments.number("learning_rate", s.learning_rate, above=0)
    if len(s.widths) < 2 or (s.widths[0], s.widths[-1]) != (1, 1):
        raise ValueError(f"widths is {list(s.widths)}; expected the first and the last to be 1, for x and y")
    if not s.eval_shots:
        raise ValueError("eval_shots is empty; expected at least one number of shots")
    largest = max(s.shots + s.queries, s.eval_queries, *s.eval_shots)
    if s.grid and largest > s.grid:
        raise ValueError(f"shots and queries ask for {largest} points; expected at most {s.grid}, those of the grid")
    tasks = SinusoidTasks(phase=s.phase, grid=s.grid or None)
    widths = list(s.widths)
    if s.method == "oracle":
        tasks, widths = OracleTasks(tasks), [widths[0] + 2] + widths[1:]
    model = FastMLP(widths, activation=s.activation)
    if s.method in ("maml", "fomaml"):
        method = MAML(model, s.alpha, s.inner_steps, first_order=s.method == "fomaml")
    elif s.method == "reptile":
        method = Reptile(model, s.alpha, s.inner_steps, min(s.inner_batch, s.shots + s.queries) or None)
    else:
        method = JointTraining(model, s.alpha)
    rate = linear_schedule(s.learning_rate, 0.0, s.iterations) if s.decay else s.learning_rate
    optimizer = {"adam": Adam, "sgd": SGD}[s.optimizer](rate, max_norm=s.max_norm or None)
    learns_from_support_alone = s.method not in ("maml", "fomaml")
    n_support = s.shots + s.queries if learns_from_support_alone else s.shots
    return Run(s, model, method, tasks, optimizer, n_support, s.queries)
