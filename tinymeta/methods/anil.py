"""ANIL, almost no inner loop: only the last layer adapts to a task; θ is learned as a whole.

    [ANIL.1]  α is 0 for every parameter but those of the last layer

All else is MAML with this vector of step sizes: the rest of θ enters through the features that the
last layer sees, and its meta-gradient is exact.  Products with the Hessian go through the whole
network all the same, so that a step costs what MAML's does.

Reference: Raghu et al. 2020, "Rapid Learning or Feature Reuse? Towards Understanding the
Effectiveness of MAML", Sec. 4.
"""

import numpy as np

from ..core import arguments, setting
from ..core.layout import Layout
from .maml import MAML


class ANIL(MAML):
    """MAML whose inner loop moves the last layer alone; ω is θ.

    model: its last block's name ends in its layer's number, such as b3, and blocks that end so are
    the last layer; of an RNN these are C and c.  alpha: its step size, a positive number.  steps,
    query_loss, chunk: as for MAML.  Raises TypeError or ValueError for a wrong setting.
    """

    def __init__(self, model, alpha=0.01, steps=1, query_loss=None, chunk=100):
        super().__init__(model, alpha, steps, query_loss=query_loss, chunk=chunk)

    def _of_last_layer(self, name, alpha):
        """The number α as a vector (P,)."""
        alpha, layout = arguments.number(name, alpha, above=0), Layout(self.blocks or [])
        vector, last = np.zeros(layout.size), last_layer(layout.names)
        for block, _, part in layout:
            if block in last:
                vector[part] = alpha  # [ANIL.1]
        return vector

    alpha = setting.Setting(_of_last_layer)


def last_layer(names):
    """Those of the blocks' names that are the last layer's; ValueError where none tells."""
    if names[-2:] == ["C", "c"]:  # an RNN's
        return names[-2:]
    last = [name for name in names if number_of(name) == number_of(names[-1]) != ""]
    if not last:
        raise ValueError(f"model has the blocks {names}; expected names of which the last ends in "
                         f"its layer's number, such as b3")
    return last


def number_of(name):
    """The digits at the end of a block's name, such as "3"."""
    return name[len(name.rstrip("0123456789")):]
