"""The methods that the command line knows.

To add a method, add its entry to METHODS: training, checkpoints, tables and figures follow.
"""

from dataclasses import dataclass, field
from typing import Callable

from ..methods.baselines import JointTraining
from ..methods.maml import MAML
from ..methods.reptile import Reptile


@dataclass(frozen=True)
class Recipe:
    """What the command line has to know of a method."""

    label: str  # its name in tables and figures
    make: Callable  # (settings, model) -> the Method
    support_only: bool = False  # it learns from the support sets alone: they hold all the points
    adapted: bool = True  # it takes inner steps at test time
    told_task: bool = False  # amplitude and phase are further inputs of its model
    own_settings: dict = field(default_factory=dict)  # what it has in place of a protocol's


def _reptile(s, model):
    batch_size = s.inner_batch
    if batch_size is not None:
        batch_size = min(batch_size, s.shots + s.queries)
    return Reptile(model, s.alpha, s.inner_steps, batch_size)


METHODS = {  # name on the command line -> recipe; s stands for the settings
    "maml": Recipe("MAML", lambda s, model: MAML(model, s.alpha, s.inner_steps)),
    "fomaml": Recipe("first-order MAML",
                     lambda s, model: MAML(model, s.alpha, s.inner_steps, first_order=True)),
    # Reptile came after Finn et al. 2017; with one step on all points it would be joint training.
    "reptile": Recipe("Reptile", _reptile, support_only=True,
                      own_settings={"inner_steps": 5, "inner_batch": 10}),
    "joint": Recipe("joint training", lambda s, model: JointTraining(model, s.alpha),
                    support_only=True),
    "oracle": Recipe("oracle", lambda s, model: JointTraining(model, s.alpha), support_only=True,
                     adapted=False, told_task=True, own_settings={"eval_steps": 0}),
}
