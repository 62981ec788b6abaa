"""Check what a Python file of one's own derives: `python -m tinymeta check my_model.py`.

What is looked for in the file, by name:

    model             an object with loss, gradient and hvp; or the functions loss, gradient and hvp
                      themselves, with n_params or theta; or classes that have those methods
    meta_gradient     (theta, batch, alpha, steps) -> (P,), MAML's, checked with the file's model if
                      it is right, else with a small tanh network; likewise first_order_meta_gradient
                      and reptile
    adapt             (theta, x, y, alpha, steps) -> θ_S or the trajectory
    theta, batch, blocks    where to check, on what, and how θ is laid out; all optional
"""

import importlib.util
import inspect
import sys
from pathlib import Path

import numpy as np

from .check_meta import check_adapt, check_meta_gradient
from .check_model import check_model
from .report import CheckReport, Ladder
from .ladder import guarded
from ..learners.mlp import MLP
from ..core.tasks import SinusoidTasks

KINDS = {"meta_gradient": "maml", "first_order_meta_gradient": "first-order maml", "reptile": "reptile"}


def check_file(path, alpha=0.05, seed=0):
    """Yield a Ladder for everything in the file that can be checked.

    path: of a Python file; it is run, as `python my_model.py` would.  alpha: inner step size.  seed: of
    parameters and tasks.  An error in the file is a finding.  Raises OSError for a file that is not
    there, ValueError for one with nothing to check.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    loaded = {}
    report = guarded(f"running {path.name}", lambda: loaded.update(vars(_run(path))) or CheckReport("", True))
    if not report:
        yield Ladder(str(path), {"running the file": report}, [])
        return
    subjects, checked = list(_models(loaded, path)), 0
    right = None
    for name, model in subjects:
        made = []
        ladder = _ladder(name, lambda: check_model(_made(model, made), loaded.get("theta"), loaded.get("batch"),
                                                   loaded.get("blocks"), alpha, seed))
        right, checked = (made[0] if ladder and right is None else right), checked + 1
        yield ladder
    for ladder in _meta_ladders(loaded, right, alpha, seed):
        checked += 1
        yield ladder
    if not checked:
        raise ValueError(f"{path} has none of the names that are checked; expected a model, or functions loss, "
                         f"gradient and hvp with n_params, or a class with these, or {', '.join(KINDS)}, or adapt")


def _run(path):
    """The module that the file makes, with its folder on the path for what it imports."""
    specification = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(specification)
    sys.path.insert(0, str(path.resolve().parent))
    try:
        specification.loader.exec_module(module)
    finally:
        sys.path.pop(0)
    return module


def _models(loaded, path):
    """(name, model) for every model in the file's names."""
    if "model" in loaded:
        yield "model", loaded["model"]
    elif callable(loaded.get("loss")):
        yield path.stem, _Functions(path.stem, loaded)
    else:
        for name, value in loaded.items():
            if inspect.isclass(value) and value.__module__ == path.stem and callable(getattr(value, "loss", None)):
                yield name, value


class _Functions:
    """A file's functions as a model: loss, gradient, hvp, and whatever else a model may have."""

    def __init__(self, name, loaded):
        self.__name__ = name
        for name in ("loss", "gradient", "hvp", "init", "n_params", "d_in", "d_out", "blocks"):
            if name in loaded:
                setattr(self, name, loaded[name])


def _made(model, made):
    """The model, or an object of a class that is made without arguments; it is kept in the list `made`."""
    made.append(model() if inspect.isclass(model) else model)
    return made[0]


def _ladder(name, check):
    """check(), or the error that it raised as a broken rung."""
    made = {}
    report = guarded(name, lambda: made.update(ladder=check()) or CheckReport(name, True))
    return made["ladder"] if made else Ladder(name, {"making it": report}, [])


def _meta_ladders(loaded, model, alpha, seed):
    rng = np.random.default_rng(seed)
    model = MLP([1, 5, 4, 1], activation="tanh") if model is None else model
    for name in [*KINDS, "adapt"]:
        function = loaded.get(name)
        if not callable(function) or getattr(function, "__module__", "").startswith("tinymeta"):
            continue
        theta = loaded.get("theta")
        theta = 0.5 * rng.standard_normal(model.n_params) if theta is None else theta
        batch = loaded.get("batch") or SinusoidTasks(x_range=(-2, 2)).sample(rng, n_tasks=4, n_support=5, n_query=7)
        if name == "adapt":
            task = batch.x_support[0], batch.y_support[0]
            yield _ladder(name, lambda: check_adapt(function, model, theta, *task, alpha))
        else:
            yield _ladder(name, lambda: check_meta_gradient(function, model, theta, batch, alpha, kind=KINDS[name]))
