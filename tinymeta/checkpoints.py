"""Checkpoints: everything that a run needs to go on as if it had never been interrupted.

One .npz file, without pickle: θ, the optimizer's state, the random generator's state, the losses
so far and the settings.  Numbers are stored as arrays, the rest as JSON text.
"""

import json
import os
import tempfile
import zipfile
from dataclasses import dataclass, field

import numpy as np

from . import arguments

FORMAT = "tinymeta checkpoint 1"


class CheckpointError(ValueError):
    """A file that is not a checkpoint, is damaged, or belongs to another run; the message says which."""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A run at the end of one iteration.

    theta: (P,).  iteration: how many are done.  optimizer_state: as given by optimizer.state().
    rng_state: as given by rng.bit_generator.state.  losses: (iterations,) so far, or empty.
    settings: any dict that JSON can hold.
    """

    theta: np.ndarray
    iteration: int = 0
    optimizer_state: dict = field(default_factory=dict)
    rng_state: dict = field(default_factory=dict)
    losses: np.ndarray = field(default_factory=lambda: np.zeros(0))
    settings: dict = field(default_factory=dict)

    def restore(self, optimizer, rng):
        """Set the optimizer and the generator to where this checkpoint left them.

        Raises CheckpointError when they are of another kind than the ones that were saved.
        """
        try:
            rng.bit_generator.state = _from_plain(self.rng_state)
            optimizer.restore(self.optimizer_state)
        except (ValueError, TypeError, KeyError) as error:
            raise CheckpointError(f"the checkpoint does not fit this run: {error}") from error


def save_checkpoint(path, theta, iteration=0, optimizer=None, rng=None, losses=(), settings=None):
    """Write a checkpoint to `path`, whole or not at all: a crash leaves the old file as it was.

    Raises OSError when the file cannot be written, TypeError for settings that JSON cannot hold.
    """
    arrays = {"format": np.array(FORMAT), "theta": np.asarray(theta), "losses": np.asarray(losses, dtype=float),
              "iteration": np.array(arguments.whole_number("iteration", iteration, minimum=0)),
              "settings": np.array(json.dumps(settings or {})),
              "rng_state": np.array(json.dumps({} if rng is None else _to_plain(rng.bit_generator.state)))}
    for name, value in ({} if optimizer is None else optimizer.state()).items():
        arrays[f"optimizer_{name}"] = value
    path = os.fspath(path)
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path) or ".", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez(file, **arrays)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def load_checkpoint(path):
    """Read a Checkpoint.

    Raises FileNotFoundError when there is none, CheckpointError when the file is truncated, damaged
    or not a tinymeta checkpoint.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except FileNotFoundError:
        raise
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, AttributeError, TypeError) as error:
        raise CheckpointError(f"{path} is not a readable checkpoint; is it truncated, or another kind of file? "
                              f"({error})") from error
    if str(arrays.get("format", "")) != FORMAT:
        raise CheckpointError(f"{path} is an .npz file, but not a tinymeta checkpoint: its format entry is "
                              f"{str(arrays.get('format', 'missing'))!r}; expected {FORMAT!r}")
    try:
        return Checkpoint(
            theta=arguments.floating("theta", arrays["theta"]), iteration=int(arrays["iteration"]),
            optimizer_state={name[len("optimizer_"):]: value for name, value in arrays.items()
                             if name.startswith("optimizer_")},
            rng_state=json.loads(str(arrays["rng_state"])), losses=arrays["losses"],
            settings=json.loads(str(arrays["settings"])))
    except (KeyError, ValueError, TypeError) as error:
        raise CheckpointError(f"{path} is a damaged tinymeta checkpoint: {error}") from error


def _to_plain(state):
    """A generator's state as JSON can hold it: arrays become {"array": [...], "dtype": "..."}."""
    if isinstance(state, dict):
        return {key: _to_plain(value) for key, value in state.items()}
    if isinstance(state, np.ndarray):
        return {"array": state.tolist(), "dtype": str(state.dtype)}
    return state


def _from_plain(state):
    """The inverse of `_to_plain`."""
    if isinstance(state, dict) and set(state) == {"array", "dtype"}:
        return np.array(state["array"], dtype=state["dtype"])
    if isinstance(state, dict):
        return {key: _from_plain(value) for key, value in state.items()}
    return state
