"""The families of tasks, and the losses, that the command line knows by name."""

from dataclasses import dataclass
from typing import Callable

from ..core.class_tasks import BoundaryTasks, MoonTasks
from ..core.classification import accuracy, hinge, logistic, softmax, squared_hinge
from ..core.glyphs import GlyphTasks
from ..core.losses import epsilon_insensitive, huber, squared_error
from ..core.tasks import LinearTasks, SinusoidTasks
from .measured import REGRESSION, held_out_curves, training_tasks

LOSSES = {"squared_error": squared_error, "huber": huber(), "logistic": logistic,
          "epsilon_insensitive": epsilon_insensitive(), "softmax": softmax,
          "squared_hinge": squared_hinge, "hinge": hinge}
SIGNED = ("squared_hinge", "hinge")  # losses of labels -1 and 1


@dataclass(frozen=True)
class Family:
    """What the command line has to know of a family of tasks."""

    make: Callable  # settings -> the tasks
    d_in: int | None  # None: as many as the file has
    d_out: int
    losses: tuple  # those that fit its targets
    metric: Callable | None = None  # in place of the loss, in tables
    two_parameters: bool = False  # which an oracle can be told
    held_out: Callable | None = None  # settings -> the tasks to be judged by, where others


def _labels(s):
    return "signs" if s.loss in SIGNED else "binary"


TWO_CLASSES = ("logistic", "squared_hinge", "hinge", "squared_error")
FAMILIES = {  # name on the command line -> family; s stands for the settings
    "sinusoid": Family(lambda s: SinusoidTasks(phase=s.phase, grid=s.grid), 1, 1, REGRESSION,
                       two_parameters=True),
    "lines": Family(lambda s: LinearTasks(grid=s.grid), 1, 1, REGRESSION, two_parameters=True),
    "moons": Family(lambda s: MoonTasks(labels=_labels(s)), 2, 1, TWO_CLASSES, accuracy),
    "boundary": Family(lambda s: BoundaryTasks(labels=_labels(s)), 10, 1, TWO_CLASSES, accuracy),
    "glyphs": Family(lambda s: GlyphTasks(), 64, 5, ("softmax", "squared_error"), accuracy),
    "measured": Family(training_tasks, None, 1, (*REGRESSION, "logistic"),
                       held_out=held_out_curves),
}
