"""Check what a Python file of one's own derives: `python -m tinymeta check my_model.py`.

What is looked for in the file, by name:

    model             an object with loss, gradient and hvp; or the functions loss, gradient and hvp
                      themselves, with n_params or theta; or classes that have those methods
    meta_gradient     (theta, batch, alpha, steps) -> (P,), MAML's, checked with the file's model if
                      it is right, else with a small tanh network; likewise
                      first_order_meta_gradient and reptile
    adapt             (theta, x, y, alpha, steps) -> θ_S or the trajectory, of one task
    a method          an object of a class of the file's that is derived from tinymeta.Method
    theta, batch, blocks    where to check, on what, and how θ is laid out; all optional
    omega             what the functions that adapt take in place of θ: θ and learned rates, say, or
                      the numbers that adapt makes θ of
"""

import inspect
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from ..core import arguments
from ..core.layout import layout_of
from ..learners.mlp import MLP
from ..methods.method import Method
from .check_meta import check_adapt, check_meta_gradient
from .check_model import check_model
from .imported import imported
from .ladder import attempt
from .learner_model import as_called, batch_for, bounded, theta_for
from .own_method import check_method
from .report import CheckReport, Ladder
from .returned import frozen_batch, vector

KINDS = {"meta_gradient": "maml", "first_order_meta_gradient": "first-order maml",
         "reptile": "reptile"}
ANOTHER_LOOP = {"unknown", "another rule", "not adapted", "penalty", "factor", "entry"}
NO_MODEL = ("no object of the file has loss, gradient and hvp, so a tanh network 1-5-4-1 was put "
            "in its place (P = 39): if the code has another network, call it model")
PARTS = ("loss", "gradient", "hvp", "init", "n_params", "d_in", "d_out", "blocks")


def check_file(path, alpha=0.05, seed=0):
    """Yield a Ladder for everything in the file that can be checked.

    path: of a Python file; it is run as `python my_model.py` would, but for what stands under `if
    __name__ == "__main__"`.  alpha: inner step size.  seed: of parameters and tasks.  An error in
    the file is a finding.  Raises OSError for a file that is not there, ValueError for one with
    nothing to check.
    """
    path = Path(arguments.path("path", path))
    if not path.is_file():
        found = "no regular file" if path.exists() else "no such file"
        raise FileNotFoundError(f"{path}: {found}; expected a Python file")
    if path.suffix == ".ipynb":
        raise ValueError(f"{path} is a notebook; expected a Python file, as `jupyter nbconvert "
                         f"--to script` makes of it")
    with imported(path) as (module, run):
        yield from _ladders(path, module, run, alpha, seed)


def _ladders(path, module, run, alpha, seed):
    _, finding = attempt(run)
    names = {name: value for name, value in vars(module).items() if not _is_star(name, value)}
    batch = names.get("batch")
    has_queries, _ = attempt(lambda: hasattr(batch, "x_query"))
    if not isinstance(batch, (tuple, list)) and not has_queries:
        names.pop("batch", None)  # another thing of this name, such as a size
    if finding:
        report = CheckReport(f"running {path.name}", False, findings=[finding])
        yield Ladder(str(path), {"running the file": report}, [])
        return
    models = list(_models(names, path, module.__name__))
    settings = names.get("theta"), names.get("batch"), names.get("blocks"), alpha, seed
    right, broken = [], False  # the models that are right; whether one is not
    for name, make in models:
        ladder = _ladder(name, lambda: check_model(make(), *settings))
        if len(models) > 1 and name not in ladder.title:  # two objects of one class
            ladder = replace(ladder, title=f"{name}: {ladder.title}")
        yield ladder
        right += [make()] if ladder or _nearly(ladder) else []
        broken = broken or not ladder
    methods = [name for name in [*KINDS, "adapt"] if callable(names.get(name))
               and not getattr(names[name], "__module__", "").startswith("tinymeta")]
    if methods and broken and not right:
        for name in methods:
            yield Ladder(name, {}, [f"{name}: it rests on the model, which does not hold"])
    elif methods:
        yield from _meta_ladders(methods, names, right, alpha, seed)
    own = [(name, value) for name, value in names.items()
           if isinstance(value, Method) and type(value).__module__ == module.__name__]
    for name, method in own:
        yield _ladder(name, partial(check_method, method, name, names.get("omega"),
                                    names.get("batch"), seed))
    if not models and not methods and not own:
        raise ValueError(f"{path} has none of the names that are checked; expected a model, or "
                         f"functions loss, gradient and hvp with n_params, or a class with these, "
                         f"or {', '.join(KINDS)}, or adapt, or an object of a class of the file's "
                         f"that is derived from tinymeta.Method")


def _is_star(name, value):
    """Whether it is a library's function, such as np.gradient, of `from numpy import *`."""
    libraries = [sys.modules.get(library) for library in ("numpy", "jax.numpy", "torch")]
    return callable(value) and any(value is getattr(library, name, None) for library in libraries)


def _models(names, path, module):
    """(name, a function that makes the model) for every model among the file's names."""
    if "model" in names:
        model = names["model"]
        yield "model", model if inspect.isclass(model) else lambda: model
        return
    by_adapt = all(callable(names.get(name)) for name in ("adapt", "meta_gradient"))
    if callable(names.get("loss")) and (callable(names.get("gradient")) or not by_adapt):
        yield path.stem, lambda: _of_functions(names, path.stem)
        return
    made = [(name, value) for name, value in names.items() if _is_model(value)]
    for name, value in made:
        yield name, lambda value=value: value
    classes = [(name, value) for name, value in names.items() if _is_class(value, module)]
    begun = [value for _, value in classes if _has(value, "gradient") or _has(value, "hvp")]
    for name, value in classes:
        other = value not in begun and (begun or made)  # beside a model: a loss alone is none
        if not other and not any(isinstance(model, value) for _, model in made):
            yield name, value


def _is_class(value, module):
    """Whether it is a class of the module's with a loss, and one that objects are made of."""
    if not inspect.isclass(value) or value.__module__ != module or not _has(value, "loss"):
        return False
    return not inspect.isabstract(value) and not getattr(value, "_is_protocol", False)


def _of_functions(names, title):
    """A file's own functions as a model."""
    parts = {name: names[name] for name in PARTS if name in names}
    return SimpleNamespace(__name__=title, **parts)


def _is_model(value):
    """Whether it is an object, not a class or a module, with a model's three methods."""
    if inspect.isclass(value) or inspect.ismodule(value):
        return False
    return all(_has(value, name) for name in ("loss", "gradient", "hvp"))


def _has(value, name):
    """Whether it has the method; one that raises an error when it is asked has not."""
    return attempt(lambda: callable(getattr(value, name, None)))[0]


def _nearly(ladder):
    """Whether only digits are missing, as where H v is a difference of gradients."""
    broken = [report for report in ladder.rungs.values() if not report]
    return all(report.errors and max(report.errors.values()) < 1e-7 for report in broken)


def _meta_ladders(methods, names, right, alpha, seed):
    """A Ladder for each of the file's functions that adapt, checked with a right model.

    Without one, a small tanh network stands for it.  An adapt that is another inner loop than
    gradient descent is taken as it is, where meta_gradient is its derivative.
    """
    learned = [name for name in methods if name != "adapt"]

    def judged(name, setting, **more):
        return _ladder(name, lambda: check_meta_gradient(names[name], *setting(), kind=KINDS[name],
                                                         **more))

    without_gradient = not right and callable(names.get("loss"))
    if without_gradient or "omega" in names and "adapt" in methods and learned:
        for name in learned:
            yield judged(name, partial(_setting_of_omega, names, right, alpha, seed),
                         adapt=names["adapt"])
        return
    model = right[0] if right else MLP([1, 5, 4, 1], "tanh")
    theta, batch = names.get("theta"), names.get("batch")
    rng = np.random.default_rng(seed)
    theta = theta_for(model, theta, rng) if theta is None else theta
    batch = frozen_batch(batch) if batch else batch_for(model, theta, rng)[0]
    alpha, _ = bounded(as_called(model, theta, batch), theta, batch, alpha)
    judge = partial(judged, setting=lambda: (model, theta, batch, alpha))
    ladders = {name: judge(name) for name in learned}
    if "adapt" in methods:
        inner = partial(check_adapt, names["adapt"], model, theta, batch.x_support[0],
                        batch.y_support[0], alpha)
        ladders["adapt"] = _ladder("adapt", inner)
        if not ladders["adapt"]:
            _take_as_it_is(ladders, inner, partial(judge, adapt=names["adapt"]))
    for name, ladder in ladders.items():
        takes, _ = attempt(lambda: inspect.signature(names[name]).parameters)
        notes = [] if right else [NO_MODEL]
        if "omega" in (takes or ()) and "omega" not in names:
            notes.append("the file has no omega, so θ was passed for it")
        yield _with_notes(ladder, notes)


def _setting_of_omega(names, right, alpha, seed):
    """(model, ω, batch, α), where no gradient of all θ, or of ω, is known: adapt and loss judge.

    ω is omega, where the file has one: θ and more, or what adapt makes θ of.
    """
    model = right[0] if right else _of_functions(names, "model")
    rng, omega, batch = np.random.default_rng(seed), names.get("omega"), names.get("batch")
    theta = theta_for(model, names.get("theta"), rng)
    batch = frozen_batch(batch) if batch else batch_for(model, theta, rng)[0]
    blocks, P = names.get("blocks", arguments.attribute(model, "blocks")), theta.size
    if omega is not None:
        theta = vector("omega", omega)
        x, y = batch.x_support[0], batch.y_support[0]
        start, _ = attempt(lambda: np.ravel(names["adapt"](omega, x, y, alpha, 0))[:P])
        after = [("omega after θ", (theta.size - P,))] if theta.size > P else []
        blocks = [*layout_of(blocks, P).blocks, *after]
        if theta.size < P or not np.array_equal(start, theta[:P]):
            blocks = [("omega", theta.shape)]
    return SimpleNamespace(loss=model.loss, n_params=P, blocks=blocks), theta, batch, alpha


def _take_as_it_is(ladders, inner, judge):
    """Judge the other functions by the file's own adapt, where that is another inner loop.

    It is one if no known mistake gives what it does in one step, or in two: the mean of all
    iterates, say, is after one step what half the α gives.  Else it is wrong: the others say so.
    """
    wrong = [name for name in ladders if name != "adapt" and not ladders[name]]
    two = _ladder("adapt", partial(inner, (2,)))
    causes = [{f.cause for f in ladder.findings} for ladder in (ladders["adapt"], two)]
    if not any(each and each <= ANOTHER_LOOP for each in causes):
        notes = ["judged by gradient descent, as adapt does not hold: mend that first"]
        ladders.update({name: _with_notes(ladders[name], notes) for name in wrong})
        return
    ladders.update({name: judge(name) for name in wrong})
    if wrong:
        found = "; ".join(map(str, ladders["adapt"].findings))
        right = " and ".join(name for name in wrong if ladders[name])
        says = f"by which {right} is right" if right else "by which the others are judged"
        note = (f"not gradient descent on all of θ: taken as another inner loop, {says}.  Compared "
                f"with gradient descent: {found}")
        report = CheckReport("inner loop", True, notes=[note])
        ladders["adapt"] = Ladder("inner loop adapt, as it is", {"another inner loop": report}, [])


def _with_notes(ladder, notes):
    """The ladder, with sentences at each of its rungs that do not hold."""
    rungs = {name: report if report else replace(report, notes=[*notes, *report.notes])
             for name, report in ladder.rungs.items()}
    return replace(ladder, rungs=rungs)


def _ladder(name, check):
    """check(), or a Ladder that says why it could not begin."""
    ladder, finding = attempt(check)
    if finding:
        return Ladder(name, {"making it": CheckReport(name, False, findings=[finding])}, [])
    return ladder
