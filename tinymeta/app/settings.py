"""A run's settings as plain data, and the objects that they describe."""

import json
from collections import namedtuple
from dataclasses import asdict, dataclass

import numpy as np

from ..core import arguments
from ..core.initialisation import SCHEMES
from ..fast.fast_pass import FastMLP
from ..learners.context import ContextMLP
from ..learners.rnn import RNN
from ..methods.baselines import OracleTasks
from ..training.optimizers import SGD, Adam, linear_schedule
from .families import FAMILIES, LOSSES
from .recipes import METHODS

Parts = namedtuple("Parts", "method tasks optimizer n_support n_query")  # see `build`
OPTIMIZERS = {"adam": Adam, "sgd": SGD}
CHOICES = {"method": METHODS, "optimizer": OPTIMIZERS, "tasks": FAMILIES, "init": SCHEMES,
           "dtype": ("float32", "float64")}
NONE_IN_FILES = {"inner_batch": 0, "max_norm": 0.0, "grid": 0, "eval_queries": 0}
LATER = {"tasks", "loss", "rates", "positive", "context", "strength", "file", "content", "columns",
         "held_out", "scales", "names"}  # not in older files
FEWEST = {"shots": 1, "queries": 1, "n_tasks": 1, "iterations": 1, "inner_steps": 1,
          "inner_batch": 1, "grid": 2, "eval_queries": 1, "eval_steps": 0, "context": 1,
          "held_out": 0}
MOST_STEPS = 10_000  # at test time: every step's errors are kept
MOST_NUMBERS = 500_000_000  # in an array: 2 GB in single precision


@dataclass(frozen=True)
class Settings:
    """All that determines a run: same settings, same bits.  The defaults are MAML in finn2017."""

    method: str = "maml"
    shots: int = 10  # support points of a task, K
    queries: int = 10  # query points of a task, Q
    alpha: float = 0.01  # inner step size
    inner_steps: int = 1
    inner_batch: int | None = None  # points in an inner step of Reptile's training; None: all
    iterations: int = 70_000
    seed: int = 0
    n_tasks: int = 25  # tasks in an iteration
    optimizer: str = "adam"  # or "sgd"
    learning_rate: float = 1e-3
    decay: bool = False  # linearly to 0 at the last iteration
    max_norm: float | None = None  # clip the meta-gradient to this norm; None: never
    widths: tuple = (1, 40, 40, 1)
    activation: str = "relu"
    init: str = "he"
    dtype: str = "float32"
    phase: tuple = (0.0, np.pi)
    grid: int | None = None  # x from so many equidistant points; None: uniform
    eval_shots: tuple = (5, 10)
    eval_queries: int | None = None  # None: as many as shots
    eval_steps: int = 10
    tasks: str = "sinusoid"  # a family
    loss: str = "squared_error"
    rates: str = "parameter"  # of Meta-SGD
    positive: bool = False  # Meta-SGD learns the logarithms of its rates
    context: int = 4  # context parameters of CAVIA
    strength: float = 1.0  # of the ridge head and of implicit MAML
    file: str = ""  # of measured tasks: where it was; `content` says which it is
    content: str = ""  # its SHA-256
    columns: tuple = ()  # those taken; (): all
    held_out: int = 0  # so many of its curves; 0: it is not the file trained on
    scales: tuple = ()  # mean of each column of the training curves, then std
    names: tuple = ()  # of those columns; (): not known

    def as_dict(self):
        """The settings as files hold them: lists for tuples, and 0 for None."""
        stored = {name: NONE_IN_FILES.get(name) if value is None else value
                  for name, value in asdict(self).items()}
        return json.loads(json.dumps(stored))


def changed(settings, given):
    """The Settings with those given, name -> value, in the place of its own, checked.

    A network takes as many x as the file of curves has, unless widths are given.
    """
    widths = {}
    if "names" in given:  # of the columns, x and y
        widths["widths"] = [len(given["names"]) - 1, *settings.widths[1:]]
    return settings_from({**settings.as_dict(), **widths, **given})


def settings_from(stored):
    """Settings from a dict, as `as_dict` gave it.  Raises ValueError for unknown entries."""
    if unknown := sorted(set(stored) - set(asdict(Settings()))):
        raise ValueError(f"settings have the entries {unknown}, which tinymeta does not know")
    values = {name: tuple(v) if isinstance(v, list) else v for name, v in stored.items()}
    nones = {name: None for name, zero in NONE_IN_FILES.items() if values.get(name) == zero}
    return Settings(**values | nones)


def differences(there, here):
    """What differs between two dicts of settings, name by name, in words.

    Curves are told apart by their content, wherever their file lies.
    """
    names = {name for name in {*there, *here} - {"file", "names"}
             if there.get(name, "not given") != here.get(name, "not given")}
    if "content" in names:
        names -= {"scales"}
    words = []
    for name in sorted(names):
        first, second = (_brief(of.get(name, "not given")) for of in (there, here))
        if name == "content":
            files = [of.get("file") or "none" for of in (there, here)]
            name = f"the content of {files[1]}" if files[0] == files[1] else "curves"
            first, second = (first, second) if files[0] == files[1] else files
        words.append(f"{name} {first} there, {second} here")
    return words


def _brief(value):
    """A value as an error shows it: of a SHA-256 the first digits do."""
    return f"{value[:12]}…" if isinstance(value, str) and len(value) == 64 else value


def build(settings):
    """The Parts that settings describe, as meta_train takes them.

    Raises ValueError or TypeError for settings that cannot be, naming the one that is wrong.
    """
    _check(settings)
    s, recipe, family = settings, METHODS[settings.method], FAMILIES[settings.tasks]
    tasks, widths = family.make(s), list(s.widths)
    if recipe.told_task:
        tasks, widths = OracleTasks(tasks), [widths[0] + 2] + widths[1:]
    if recipe.network == "context":
        model = ContextMLP(widths, s.context, s.activation, LOSSES[s.loss], FastMLP)
    elif recipe.network == "rnn":
        model = RNN(widths[0], widths[1], widths[-1], LOSSES[s.loss])
    else:
        model = FastMLP(widths, activation=s.activation, loss=LOSSES[s.loss])
    method = recipe.make(s, model)
    rate = linear_schedule(s.learning_rate, 0.0, s.iterations) if s.decay else s.learning_rate
    optimizer = OPTIMIZERS[s.optimizer](rate, max_norm=s.max_norm)
    n_support = s.shots + s.queries if recipe.support_only else s.shots
    unread = recipe.support_only and s.tasks == "measured"  # where points are few
    return Parts(method, tasks, optimizer, n_support, 1 if unread else s.queries)


def _check(s):
    for name, known in CHOICES.items():
        if (found := getattr(s, name)) not in [*known]:
            raise ValueError(f"{name} is {found!r}; expected one of {sorted(known)}")
    for name, fewest in FEWEST.items():
        value = getattr(s, name)
        if value is not None or name not in NONE_IN_FILES:
            arguments.whole_number(name, value, minimum=fewest)
    arguments.seed_number("seed", s.seed)
    for name in ("widths", "eval_shots"):
        if not isinstance(getattr(s, name), tuple):
            raise TypeError(f"{name} is {getattr(s, name)!r}; expected several whole numbers")
        for i, value in enumerate(getattr(s, name)):
            arguments.whole_number(f"{name}[{i}]", value, minimum=1)
    for name in ("decay", "positive"):
        arguments.flag(name, getattr(s, name))
    arguments.number("learning_rate", s.learning_rate, above=0)
    if s.max_norm is not None:
        arguments.number("max_norm", s.max_norm, at_least=0)
    _check_file(s)
    family = FAMILIES[s.tasks]
    if s.loss not in family.losses:
        raise ValueError(f"loss is {s.loss!r}; expected one of {list(family.losses)}, "
                         f"for {s.tasks}")
    if METHODS[s.method].told_task and not family.two_parameters:
        raise ValueError(f"method is {s.method!r}; expected another: {s.tasks} have no two "
                         "parameters to tell it")
    if METHODS[s.method].one_hot and "softmax" not in family.losses:
        raise ValueError(f"method is {s.method!r}; expected another: {s.tasks} has no one-hot "
                         "classes for it")
    if s.tasks == "measured" and (not s.file or len(s.scales) % 2 or len(s.scales) < 4):
        raise ValueError("tasks is 'measured' without a file; expected --tasks FILE.csv")
    ends = len(s.scales) // 2 - 1 if family.d_in is None else family.d_in, family.d_out
    if METHODS[s.method].network == "rnn" and len(s.widths) != 3:
        raise ValueError(f"widths is {[*s.widths]}; expected three numbers for {s.method}: of x, "
                         "of the state, and of y")
    if len(s.widths) < 2:
        raise ValueError(f"widths is {[*s.widths]}; expected at least two numbers, for x and y")
    if (s.widths[0], s.widths[-1]) != ends:
        raise ValueError(f"widths is {[*s.widths]}; expected the first and the last to be "
                         f"{ends[0]} and {ends[1]}, for x and y of {s.tasks}")
    if s.eval_steps > MOST_STEPS:
        raise ValueError(f"eval_steps is {s.eval_steps}; expected at most {MOST_STEPS}")
    if not s.eval_shots:
        raise ValueError("eval_shots is empty; expected at least one number of shots")
    largest = max(s.shots + s.queries, s.eval_queries or 1, *s.eval_shots)
    if s.grid is not None and largest > s.grid:
        raise ValueError(f"shots and queries ask for {largest} points; "
                         f"expected at most {s.grid}, those of the grid")
    _check_size(s, largest)


def _check_file(s):
    """What tells of a file of curves: texts, tuples of texts, and numbers; none of other tasks."""
    for name in ("file", "content"):
        arguments.text(name, getattr(s, name))
    for name in ("columns", "scales", "names"):
        if not isinstance(getattr(s, name), tuple):
            raise TypeError(f"{name} is {arguments.shown(getattr(s, name))}; expected a list")
    arguments.texts("columns", s.columns)
    arguments.texts("names", s.names)
    for i, scale in enumerate(s.scales):
        arguments.number(f"scales[{i}]", scale)
    if s.names and s.tasks != "measured":
        raise ValueError(f"names is {s.names}; expected none, as {s.tasks} have no file of curves")


def _check_size(s, points):
    """Raise ValueError where the arrays of an iteration would fill a machine's memory."""
    P = sum((n_in + 1) * n_out for n_in, n_out in zip(s.widths, s.widths[1:]))
    P += s.context * s.widths[1] if METHODS[s.method].network == "context" else 0
    wanted = {"n_tasks, inner_steps, widths and context": s.n_tasks * (s.inner_steps + 1) * P,
              "n_tasks, shots, queries and widths": s.n_tasks * points * max(s.widths)}
    for names, numbers in wanted.items():
        if numbers > MOST_NUMBERS:
            raise ValueError(f"{names} ask for arrays of {numbers:.0e} numbers; "
                             f"expected at most {MOST_NUMBERS:.0e}")
