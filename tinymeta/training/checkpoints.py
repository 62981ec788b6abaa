"""Checkpoints: everything that a run needs to go on as if it had never been interrupted.

One .npz file, without pickle: θ, the optimizer's state, the random generator's state, the losses
so far and the settings.  Numbers are stored as arrays, the rest as JSON text.
"""

import copy
import errno
import io
import json
import os
import zipfile
from dataclasses import dataclass, field

import numpy as np

from ..core import arguments
from .files import write_whole

FORMAT = "tinymeta checkpoint 1"
DEEPEST = 100  # levels of settings
NOT_OPENED = errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP


class CheckpointError(ValueError):
    """A file that is no checkpoint, is damaged or another run's: the message says which."""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A run at the end of one iteration.

    theta: the meta-parameters, θ or all of ω.  iteration: how many are done.  optimizer_state: as
    given by optimizer.state().  rng_state: as given by rng.bit_generator.state.  losses: so far, or
    empty.  seconds: spent so far.  settings: any dict that JSON can hold.
    """

    theta: np.ndarray
    iteration: int = 0
    optimizer_state: dict = field(default_factory=dict)
    rng_state: dict = field(default_factory=dict)
    losses: np.ndarray = field(default_factory=lambda: np.zeros(0))
    seconds: float = 0.0
    settings: dict = field(default_factory=dict)

    def __post_init__(self):
        """What is kept is a copy: θ and an optimizer's state may change in place later."""
        for name, value in vars(self).items():
            try:
                object.__setattr__(self, name, copy.deepcopy(value))
            except (TypeError, RecursionError) as error:  # an open file, a module
                raise TypeError(f"{name} is {arguments.shown(value)}; expected what can be copied "
                                f"({error})") from None

    def restore(self, optimizer, rng):
        """Set the optimizer and the generator to where this checkpoint left them.

        Raises CheckpointError, and changes neither, when they are of another kind than the ones
        that were saved.
        """
        arguments.methods("optimizer", optimizer, "restore")
        arguments.generator("rng", rng)
        wrong = "rng_state"
        try:
            state, tried = _from_plain(self.rng_state), copy.deepcopy(rng.bit_generator)
            if not isinstance(state, dict) or "state" not in state:
                raise ValueError(f"it is {arguments.shown(state)}; expected a generator's state")
            if (kind := state.get("bit_generator")) != (own := type(tried).__name__):
                raise ValueError(f"it is of {kind!r}; expected {own!r}, the generator's kind")
            tried.state = state  # a state that is half right would change half
            if _to_plain(tried.state) != _to_plain(state):  # NumPy 1 takes -1 for 2⁶⁴ - 1
                raise ValueError(f"it is {arguments.shown(state)}; expected a generator's state")
            wrong = "optimizer_state"
            _restored(optimizer, copy.deepcopy(self.optimizer_state))  # it may change them in place
        except Exception as error:  # whatever a damaged state can raise
            said = f"it has no entry {error}" if isinstance(error, KeyError) else error
            raise CheckpointError(f"the checkpoint's {wrong} does not fit this run: "
                                  f"{said}") from error
        rng.bit_generator.state = state


def _restored(optimizer, state):
    """Restore an optimizer; where that raises, and it tells its state, it is as it was before."""
    tells = callable(getattr(optimizer, "state", None))
    before = copy.deepcopy(optimizer.state()) if tells else None
    try:
        optimizer.restore(state)
    except Exception:
        if tells:
            optimizer.restore(before)
        raise


def save_checkpoint(path, theta, iteration=0, optimizer=None, rng=None, losses=(), seconds=0.0,
                    settings=None):
    """Write a checkpoint to `path`, whole or not at all: a crash leaves the old file as it was.

    The arguments are as for Checkpoint, with the optimizer and the generator themselves.  Raises
    OSError when the file cannot be written, TypeError or ValueError for what could not be read
    back: θ that is not finite, settings that are no dict or that JSON cannot hold.
    """
    path, settings = arguments.path("path", path), {} if settings is None else settings
    if not isinstance(settings, dict):
        raise TypeError(f"settings is {arguments.shown(settings)}; expected a dict")
    if rng is not None:
        arguments.generator("rng", rng)
    if optimizer is not None:
        arguments.methods("optimizer", optimizer, "state")
    rng_state = {} if rng is None else _to_plain(rng.bit_generator.state)
    optimizer_state = {} if optimizer is None else optimizer.state()
    if not isinstance(optimizer_state, dict):
        raise TypeError(f"{type(optimizer).__name__}.state() returned "
                        f"{arguments.shown(optimizer_state)}; "
                        f"expected a dict of arrays")
    if not all(map(_is_entry, optimizer_state)):
        raise TypeError(f"{type(optimizer).__name__}.state() returned the keys "
                        f"{list(optimizer_state)}; expected texts, without '.npy' at the end")
    losses = arguments.as_array("losses", losses)
    theta = _checked(theta, iteration, losses if losses.size else losses.astype(float), seconds)
    try:
        _check_keys(settings)
        settings = json.dumps(settings)
    except (TypeError, ValueError, RecursionError) as error:
        raise TypeError(f"settings is {arguments.shown(settings)}; expected plain numbers and "
                        f"texts, and lists and dicts of them ({error})") from None
    entries = {"format": FORMAT, "theta": theta, "losses": losses.astype(float),
               "iteration": int(iteration), "seconds": float(seconds),
               "settings": settings, "rng_state": json.dumps(rng_state)}
    entries |= {f"optimizer_{name}": value for name, value in optimizer_state.items()}
    arrays = {name: arguments.as_array(name, value) for name, value in entries.items()}
    objects = [name for name, array in arrays.items() if array.dtype.hasobject]
    if objects:
        raise TypeError(f"{', '.join(objects)}: not an array of numbers, "
                        f"which is all that a checkpoint holds")
    in_memory = io.BytesIO()  # what a full disk does to an open archive is told in many ways
    try:
        np.savez(in_memory, **arrays)
    except ValueError as error:
        if isinstance(error.__context__, KeyboardInterrupt):  # which the archive's end replaced
            raise error.__context__ from None
        raise
    write_whole(path, lambda file: file.write(in_memory.getvalue()))


def _is_entry(key):
    """Whether an entry of an .npz file can have this name and be found again."""
    return isinstance(key, str) and not key.endswith(".npy") and "\0" not in key


def _check_keys(value, depth=0):
    """TypeError where a dict, at any depth, has keys that are no texts: JSON would make them so;
    and for what is nested so deeply that it may not be read back."""
    if depth > DEEPEST:
        raise TypeError(f"it is nested more than {DEEPEST} deep")
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"it has the key {arguments.shown(key)}; expected texts")
        value = value.values()
    elif not isinstance(value, (list, tuple)):
        return
    for part in value:
        _check_keys(part, depth + 1)


def _checked(theta, iteration, losses, seconds):
    """θ as an array; TypeError or ValueError where one of these can be of no checkpoint."""
    theta = arguments.real_numbers("theta", arguments.floating("theta", theta))
    arguments.shape("theta", theta, ("P",))
    arguments.whole_number("iteration", iteration, minimum=0)
    arguments.number("seconds", seconds, at_least=0)
    if losses.ndim != 1 or losses.dtype.kind not in "iuf":
        raise ValueError(f"losses has shape {losses.shape} and dtype {losses.dtype}; "
                         f"expected numbers along one axis")
    return theta


def load_checkpoint(path):
    """Read a Checkpoint.

    Raises OSError when there is none, or it may not be read, and
    CheckpointError when the file is truncated, damaged or not a tinymeta checkpoint.
    """
    path = arguments.path("path", path)
    if os.path.isdir(path):
        inside = sorted(name for name in os.listdir(path) if name.endswith(".npz")) or ["maml.npz"]
        raise CheckpointError(f"{path} is a folder; expected a checkpoint's file, such as "
                              f"{os.path.join(path, inside[0])}")
    try:
        arrays = _arrays(path)
    except CheckpointError:
        raise
    except Exception as error:  # whatever reading a damaged file can raise
        if isinstance(error, PermissionError) or getattr(error, "errno", None) in NOT_OPENED:
            raise
        raise CheckpointError(f"{path} is not a readable checkpoint, but truncated, or another "
                              f"kind of file") from error
    found = str(arrays.get("format", "missing"))
    if found != FORMAT:
        raise CheckpointError(f"{path} is an .npz file, but not a tinymeta checkpoint: its format "
                              f"entry is {found!r}; expected {FORMAT!r}")
    try:
        losses, iteration = arrays["losses"], arrays["iteration"][()]
        theta = _checked(arrays["theta"], iteration, losses, arrays["seconds"][()])
        optimizer_state = {name.removeprefix("optimizer_"): value for name, value in arrays.items()
                           if name.startswith("optimizer_")}
        return Checkpoint(
            theta=theta, losses=losses, optimizer_state=optimizer_state,
            iteration=int(iteration),
            rng_state=_dict("rng_state", arrays), seconds=float(arrays["seconds"]),
            settings=_dict("settings", arrays))
    except KeyError as error:
        raise CheckpointError(f"{path} is a damaged tinymeta checkpoint: "
                              f"it has no entry {error}") from error
    except Exception as error:
        raise CheckpointError(f"{path} is a damaged tinymeta checkpoint: {error}") from error


def _dict(name, arrays):
    """The dict that an entry holds; ValueError where it holds none."""
    try:
        return dict(json.loads(str(arrays[name])))
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"{name} is no dict in JSON ({error})") from None


def _arrays(path):
    """The entries of an .npz file, name -> array; never more than the file itself could hold."""
    if os.path.exists(path) and not os.path.isfile(path):
        raise ValueError("no regular file")  # a pipe would be waited for
    with zipfile.ZipFile(path) as file:
        if sum(entry.file_size for entry in file.infolist()) > os.path.getsize(path):
            raise CheckpointError(f"{path} is compressed; expected a checkpoint as save_checkpoint "
                                  f"writes it: a small file might unpack to gigabytes")
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


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
