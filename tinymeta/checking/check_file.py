"""Check what a Python file of one's own derives: `python -m tinymeta check my_model.py`.

What is looked for in the file, by name:

    model             an object with loss, gradient and hvp; or the functions loss, gradient and hvp
                      themselves, with n_params or theta; or classes that have those methods
    meta_gradient     (theta, batch, alpha, steps) -> (P,), MAML's, checked with the file's model if
                      it is right, else with a small tanh network; likewise
                      first_order_meta_gradient and reptile
    adapt             (theta, x, y, alpha, steps) -> θ_S or the trajectory
    theta, batch, blocks    where to check, on what, and how θ is laid out; all optional
"""

import importlib.machinery
import importlib.util
import inspect
import sys
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from ..core.tasks import SinusoidTasks
from ..learners.mlp import MLP
from .check_meta import check_adapt, check_meta_gradient
from .check_model import check_model
from .ladder import attempt
from .report import CheckReport, Ladder

KINDS = {"meta_gradient": "maml", "first_order_meta_gradient": "first-order maml",
         "reptile": "reptile"}
PARTS = ("loss", "gradient", "hvp", "init", "n_params", "d_in", "d_out", "blocks")


def check_file(path, alpha=0.05, seed=0):
    """Yield a Ladder for everything in the file that can be checked.

    path: of a Python file; it is run as `python my_model.py` would, but for what stands under `if
    __name__ == "__main__"`.  alpha: inner step size.  seed: of parameters and tasks.  An error in
    the file is a finding.  Raises OSError for a file that is not there, ValueError for one with
    nothing to check.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    with _imported(path) as (module, run):
        yield from _ladders(path, module, run, alpha, seed)


def _ladders(path, module, run, alpha, seed):
    _, finding = attempt(run)
    names = vars(module)
    if finding:
        report = CheckReport(f"running {path.name}", False, findings=[finding])
        yield Ladder(str(path), {"running the file": report}, [])
        return
    models, right = list(_models(names, path, module.__name__)), None  # right: the first that is
    for name, make in models:
        settings = names.get("theta"), names.get("batch"), names.get("blocks"), alpha, seed
        ladder = _ladder(name, lambda: check_model(make(), *settings))
        if ladder and right is None:
            right = make()
        yield ladder
    methods = [name for name in [*KINDS, "adapt"] if _is_own(names.get(name))]
    model = MLP([1, 5, 4, 1], "tanh") if right is None else right
    yield from _meta_ladders(methods, names, model, alpha, seed)
    if not models and not methods:
        raise ValueError(f"{path} has none of the names that are checked; expected a model, or "
                         f"functions loss, gradient and hvp with n_params, or a class with these, "
                         f"or {', '.join(KINDS)}, or adapt")


@contextmanager
def _imported(path):
    """The file as a module, and a function that runs it; a module like any other, for a while.

    It may be found by its name, and what it imports, now or later, by its folder.  Afterwards the
    path is what it was, and other files' imports of the same names are their own.
    """
    name = path.stem if path.stem not in sys.modules else f"checked_{path.stem}"
    loader = importlib.machinery.SourceFileLoader(name, str(path.resolve()))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    modules, folders = set(sys.modules), list(sys.path)
    sys.modules[name] = module
    sys.path.insert(0, str(path.resolve().parent))
    try:
        yield module, lambda: loader.exec_module(module)
    finally:
        added = [Path(folder).resolve() for folder in set(sys.path) - set(folders)]
        sys.path[:] = folders
        for other in set(sys.modules) - modules:
            file = getattr(sys.modules[other], "__file__", None)
            if other == name or (file and set(added) & set(Path(file).resolve().parents)):
                del sys.modules[other]


def _models(names, path, module):
    """(name, a function that makes the model) for every model among the file's names."""
    if "model" in names:
        model = names["model"]
        yield "model", model if inspect.isclass(model) else lambda: model
    elif callable(names.get("loss")):
        functions = {name: names[name] for name in PARTS if name in names}
        yield path.stem, lambda: SimpleNamespace(__name__=path.stem, **functions)
    else:
        for name, value in names.items():
            own = inspect.isclass(value) and value.__module__ == module
            if own and callable(getattr(value, "loss", None)):
                yield name, value


def _is_own(function):
    """Whether it is a function that is not imported from the package."""
    return callable(function) and not getattr(function, "__module__", "").startswith("tinymeta")


def _meta_ladders(methods, names, model, alpha, seed):
    """A Ladder for each of the file's functions that adapt, checked with the model."""
    rng = np.random.default_rng(seed)
    for name in methods:
        function, theta, batch = names[name], names.get("theta"), names.get("batch")
        if theta is None:
            theta = 0.5 * rng.standard_normal(model.n_params)
        if not batch:
            batch = SinusoidTasks(x_range=(-2, 2)).sample(rng, n_tasks=4, n_support=5, n_query=7)
        if name == "adapt":
            x, y = batch.x_support[0], batch.y_support[0]
            yield _ladder(name, lambda: check_adapt(function, model, theta, x, y, alpha))
        else:
            yield _ladder(name, lambda: check_meta_gradient(function, model, theta, batch, alpha,
                                                            kind=KINDS[name]))


def _ladder(name, check):
    """check(), or a Ladder that says why it could not begin."""
    ladder, finding = attempt(check)
    if finding:
        return Ladder(name, {"making it": CheckReport(name, False, findings=[finding])}, [])
    return ladder
