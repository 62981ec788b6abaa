"""Where a model's derivative holds at one task and θ, it is looked at elsewhere too."""

import numpy as np

from .ladder import attempt
from .numerical import derivative, relative_error


def at_more_points(check, report, name, derived):
    """The report; or that of the first other task and θ where one derivative is wrong.

    check: a ModelCheck.  name: of the function whose derivative `derived`, "gradient" or "hvp", is.
    """
    along = check.directions[0]
    for words, x, y in _more_tasks(check.batch):
        for theta in (check.theta, check.theta + along):
            other = check.at(theta, x, y)
            f = other.of_theta(name)  # NaN where θ is outside of its domain
            right, _ = attempt(lambda: derivative(f, theta, along) + 0 * f(theta))
            found, _ = attempt(lambda: other.product(theta, along) if derived == "hvp"
                               else along @ other.of_theta("gradient")(theta))
            if found is None or right is None or not np.isfinite(right).all():
                continue
            if derived == "hvp" and right.shape != theta.shape:  # the gradient's own fault
                continue
            if not relative_error(right, found) <= 1e-4:
                compare = other.compare_hvp if derived == "hvp" else other.compare_gradient
                if not (again := compare(frozenset())):
                    again.notes.insert(0, f"right at the first task and θ, wrong {words}")
                    return again
    return report


def _more_tasks(batch):
    """(where it is, in words, x, y) of the other tasks, and of the first with more examples.

    A number of examples that is written into the code shows there.
    """
    tasks = [("at another one", *task) for task in zip(batch.x_support, batch.y_support)]
    x, y = (np.concatenate([a[0], b[0, :1]]) for a, b in
            ((batch.x_support, batch.x_query), (batch.y_support, batch.y_query)))
    return [*tasks[1:], (f"with {len(x)} examples in place of {len(x) - 1}", x, y)]


def of_memory(learners, name, *args):
    """A sentence where two results of the model's are one array, which changes with each call."""
    first, again = (learners.as_it_comes(name, *args) for _ in range(2))
    if not isinstance(first, np.ndarray) or not np.shares_memory(first, again):
        return []
    return [f"{name} returns one and the same array each time: copy what is kept of it"]
