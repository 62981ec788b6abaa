"""The further rungs of check_model: activation, loss function, a batch of tasks, and MAML."""

from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import numpy as np

from ..core.layout import Layout
from ..core.model import Model
from ..methods.maml import MAML
from . import known_mistakes
from .comparison import TOLERANCE
from .diagnosis import Hints, compare
from .dropped_parts import ANY_DROPPED, dropping_functions
from .gradient_check import check_gradient, check_hvp
from .ladder import attempt
from .learner_model import NAMES, bounded
from .numerical import complex_step, is_single, way_for
from .report import CheckReport, Finding
from .returned import as_array, as_numbers, frozen


def check_activation(phi):
    """φ' and φ'' of an Activation against numerical derivatives of φ and φ'."""
    z = np.array([-7.3, -3.6, -1.7, -0.9, -0.4, -0.1, 0.2, 0.6, 1.1, 1.9, 3.6, 7.3])
    mistaken = partial(known_mistakes.of_activation, phi, z)

    def like_z(found):
        array = as_array(found)
        return np.full(z.shape, array) if array.ndim == 0 else array  # one number for all z

    def slope(z):
        return like_z(phi.derivative(z, phi.value(z)))

    curve = np.zeros_like(z)
    if phi.second_derivative is not None:
        curve = like_z(phi.second_derivative(z, phi.value(z), slope(z)))
    for name, f, derived, known, tag in (("φ'", phi.value, slope(z), mistaken, "MLP.4"),
                                         ("φ''", slope, curve, list, "HVP.4")):
        way = way_for(f, z)
        numerical = way(f, z, np.ones_like(z))  # f is elementwise
        kind = "complex step" if way is complex_step else "central differences"
        report = compare(derived, numerical, name, tag, TOLERANCE[kind],
                         Hints(known, tags={"": tag}), Layout([(name, z.shape)]))
        if not report:
            break
    return report


def of_scores(loss):
    """A Loss as a model whose θ are the scores f themselves, flat; x is not looked at."""
    return SimpleNamespace(
        blocks=None,
        loss=lambda f, x, y: loss.value(f.reshape(y.shape), y),
        gradient=lambda f, x, y: np.ravel(loss.gradient(f.reshape(y.shape), y)),
        hvp=lambda f, x, y, v: np.ravel(loss.curvature(f.reshape(y.shape), y, v.reshape(y.shape))))


def check_loss(loss, f, y, sizes):
    """∂L/∂f and (∂²L/∂f²) ḟ of a Loss at f, flat, against numerical derivatives."""
    model = of_scores(loss)
    slope = lambda f: model.gradient(f, None, y)
    report = check_gradient(lambda f: model.loss(f, None, y), slope, f, [("∂L/∂f", y.shape)],
                            title="loss function, ∂L/∂f",
                            hints=Hints(sizes=sizes, tags={"": "LOSS.2"}))
    if not report:
        return report
    return check_hvp(slope, lambda f, v: model.hvp(f, None, y, v), f,
                     [("(∂²L/∂f²) ḟ", y.shape)], title="loss function, curvature",
                     hints=Hints(sizes=sizes, tags={"": "LOSS.3"}))


def check_tasks(check):
    """A model's results for many tasks against those of the tasks one by one; check: a ModelCheck.

    A model of one task at a time is called so from here on.  A loss that gives one number for each
    task is meant for tasks, be the numbers wrong; an H v that is right for tasks shows nothing.
    """
    told = {name: _of_tasks(name, check) for name in NAMES}
    wrong = [finding for finding in told.values() if isinstance(finding, Finding)]
    meant = True in (told["loss"], told["gradient"]) or "differs" in str(told["loss"])
    if wrong and not meant:
        check.learners.one_task = True
        note = ("the model knows one task at a time, and is called so here; tinymeta's methods "
                "call a model with all tasks at once")
        return CheckReport("a batch of tasks", True, notes=[note])
    return CheckReport("a batch of tasks", not wrong, findings=wrong[:1])


def _of_tasks(name, check):
    """True where model.<name> is right for T tasks, None where it fails for one, a Finding."""
    x, y, call = check.batch.x_support, check.batch.y_support, partial(check.learners.call, name)
    T = len(x)
    each = check.theta + 0.1 * np.arange(T)[:, np.newaxis]  # (T, P)
    v = [np.resize(check.directions, each.shape)] if name == "hvp" else []
    for theta, shape in ((check.theta, "(P,)"), (each, "(T, P)")):
        apart = zip(np.broadcast_to(theta, each.shape), x, y, *v)
        expected, failed = attempt(lambda: np.array([as_numbers(name, call(*task))
                                                     for task in apart]))
        if failed or expected[0].shape != (() if name == "loss" else check.theta.shape):
            return None
        title = f"{name} of {T} tasks, theta {shape},"
        found, finding = attempt(lambda: as_numbers(title, call(theta, x, y, *v)))
        if finding:
            return finding._replace(what=f"{title} fails: {finding.what}")
        what = ""
        if found.shape == expected.shape:  # NaN is another rung's finding
            neither = ~np.isfinite(found) & ~np.isfinite(expected)
            found, expected = (np.where(neither, 0, array) for array in (found, expected))
        if found.shape != expected.shape:
            what = (f"{title} has shape {found.shape}; expected {expected.shape}: sums and "
                    f"means belong to the last axes alone")
        elif not compare(found, expected, name,
                         tolerance=1e-9 if expected.dtype.itemsize > 4 else 1e-4):
            what = (f"{title} differs from the tasks one by one: does a sum, a mean, a "
                    f"transpose or a reshape reach over the first axis?")
        if what:
            return Finding("", what, "", "axis")
    return True


def check_maml(check, alpha, steps, title):
    """MAML's meta-gradient, of the model's own gradient and H v, against numerical derivatives.

    It is no more precise than they are.
    """
    packaged = isinstance(check.model, Model) and not check.learners.one_task
    model = check.model if packaged else check.learners
    alpha, note = bounded(model, check.theta, check.batch, alpha)
    method = MAML(model, alpha, steps)
    parts = check.of_theta("gradient")(check.theta), check.product(check.theta, check.directions[0])
    single = any(map(is_single, parts))

    def meta_gradient(theta):
        derived = method.meta_gradient(frozen(theta), check.batch)[1]
        return derived.astype(np.float32) if single else derived

    directions = None if check.theta.size <= 200 else 3  # every coordinate would take long
    report = check_gradient(lambda t: method.meta_loss(frozen(t), check.batch), meta_gradient,
                            check.theta, check.layout, directions, title=title,
                            hints=Hints(sizes=check.sizes, tags={"": "MAML.2"}))
    names = dropping_functions(check.of_theta("loss"), check.theta)
    notes = [said.replace(ANY_DROPPED, names) for said in [note, *report.notes] if said]
    return replace(report, notes=notes)
