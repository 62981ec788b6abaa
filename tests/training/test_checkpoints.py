"""Checkpoints: a resumed run is the uninterrupted one, bit for bit; a bad file is an error."""

import dataclasses
import json
import os

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import tinymeta as tm

MODEL = tm.MLP([1, 5, 1], activation="tanh")
TASKS = tm.SinusoidTasks(noise=0.1)


def train(theta, optimizer, rng, iterations, start=0):
    losses = []
    for step in tm.meta_train(tm.MAML(MODEL, 0.05), TASKS, theta, optimizer, iterations, rng, 3, 4,
                              4, start=start):
        losses.append(step.loss)
    return step.theta, losses


@pytest.mark.parametrize("generator",
                         [np.random.PCG64, np.random.MT19937, np.random.Philox, np.random.SFC64],
                         ids=lambda g: g.__name__)
@pytest.mark.parametrize(
    "make", [lambda: tm.Adam(0.01), lambda: tm.SGD(tm.linear_schedule(0.1, 0, 9), max_norm=1.0)],
    ids=["Adam", "SGD with a schedule"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_resumed_run_is_the_uninterrupted_one_bit_for_bit(generator, make, dtype, tmp_path):
    new_rng = lambda: np.random.Generator(generator(7))
    start = MODEL.init(np.random.default_rng(0), dtype=dtype)
    whole, whole_losses = train(start, make(), new_rng(), 9)

    optimizer, rng = make(), new_rng()
    half, losses = train(start, optimizer, rng, 4)
    tm.save_checkpoint(tmp_path / "run.npz", half, 4, optimizer, rng, losses, 1.5, {"alpha": 0.05})

    checkpoint = tm.load_checkpoint(tmp_path / "run.npz")
    optimizer, rng = make(), np.random.Generator(generator(99))
    checkpoint.restore(optimizer, rng)
    rest, more = train(checkpoint.theta, optimizer, rng, 9, start=checkpoint.iteration)
    assert rest.dtype == dtype
    assert_array_equal(rest, whole)
    assert list(checkpoint.losses) + more == whole_losses
    assert (checkpoint.settings, checkpoint.seconds) == ({"alpha": 0.05}, 1.5)


@pytest.fixture
def good(tmp_path):
    path = tmp_path / "good.npz"
    optimizer, rng = tm.Adam(), np.random.default_rng(0)
    theta, losses = train(MODEL.init(rng), optimizer, rng, 3)
    tm.save_checkpoint(path, theta, 3, optimizer, rng, losses, 0.0, {"seed": 0})
    return path


def test_a_checkpoint_holds_no_pickle(good):
    with np.load(good, allow_pickle=False) as file:
        assert all(file[name].dtype.kind != "O" for name in file.files)


@pytest.mark.parametrize("size", [0, 1, 10, 100, 500, -1, -20, -100], ids=lambda n: f"cut to {n}")
def test_a_truncated_file_is_an_error(good, size):
    data = good.read_bytes()
    good.write_bytes(data[:size])
    with pytest.raises(tm.CheckpointError, match="truncated"):
        tm.load_checkpoint(good)


def test_a_file_with_flipped_bytes_is_an_error_or_reads_the_same(good):
    """Wherever one byte is changed: an error that names the file, or nothing that matters."""
    data, right = good.read_bytes(), tm.load_checkpoint(good)
    errors = 0
    for position in range(0, len(data), 37):
        good.write_bytes(data[:position] + bytes([data[position] ^ 0xFF]) + data[position + 1:])
        try:
            read = tm.load_checkpoint(good)
        except tm.CheckpointError as error:
            assert "good.npz" in str(error)
            errors += 1
        else:
            assert_array_equal(read.theta, right.theta)
    assert errors > 20


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"PK\x03\x04", b"\x93NUMPY\x01\x00",
                os.urandom(2000)],
    ids=["empty", "text", "a zip's first bytes", "an npy's first bytes", "noise"])
def test_a_foreign_file_is_an_error(content, tmp_path):
    (tmp_path / "foreign.npz").write_bytes(content)
    with pytest.raises(tm.CheckpointError, match="foreign.npz"):
        tm.load_checkpoint(tmp_path / "foreign.npz")


def test_another_npz_or_npy_is_an_error(tmp_path):
    np.savez(tmp_path / "other.npz", theta=np.ones(3))
    with pytest.raises(tm.CheckpointError, match="not a tinymeta checkpoint"):
        tm.load_checkpoint(tmp_path / "other.npz")
    np.save(tmp_path / "array.npy", np.ones(3))
    with pytest.raises(tm.CheckpointError, match="array.npy"):
        tm.load_checkpoint(tmp_path / "array.npy")


def test_a_pickle_is_never_loaded(tmp_path):
    np.savez(tmp_path / "pickled.npz", format=np.array("tinymeta checkpoint 1"), theta=np.array(
        [{}], dtype=object))
    with pytest.raises(tm.CheckpointError, match="pickled.npz"):
        tm.load_checkpoint(tmp_path / "pickled.npz")


@pytest.mark.parametrize("missing", ["theta", "iteration", "rng_state", "losses", "settings"])
def test_a_missing_entry_is_an_error(good, missing):
    with np.load(good) as file:
        arrays = {name: file[name] for name in file.files if name != missing}
    np.savez(good, **arrays)
    with pytest.raises(tm.CheckpointError, match=f"damaged.*{missing}"):
        tm.load_checkpoint(good)


@pytest.mark.parametrize("entry, value", [("theta", np.arange(3)), ("theta", np.ones((2, 2))),
                                          ("rng_state", "{"), ("settings", "not json"),
                                          ("iteration", "three"),
                                          ("format", "tinymeta checkpoint 9")])
def test_a_wrong_entry_is_an_error(good, entry, value):
    with np.load(good) as file:
        arrays = {name: file[name] for name in file.files}
    np.savez(good, **{**arrays, entry: np.array(value)})
    with pytest.raises(tm.CheckpointError):
        tm.load_checkpoint(good)


def test_no_file_is_file_not_found(tmp_path):
    with pytest.raises(FileNotFoundError):
        tm.load_checkpoint(tmp_path / "none.npz")


def test_restoring_into_another_optimizer_or_generator_is_an_error(good):
    checkpoint = tm.load_checkpoint(good)
    rng, state = np.random.default_rng(0), np.random.default_rng(0).bit_generator.state
    with pytest.raises(tm.CheckpointError, match="another optimizer than SGD"):
        checkpoint.restore(tm.SGD(0.1), rng)
    assert rng.bit_generator.state == state  # neither is left half restored
    optimizer = tm.Adam()
    with pytest.raises(tm.CheckpointError, match="does not fit"):
        checkpoint.restore(optimizer, np.random.Generator(np.random.MT19937(0)))
    assert optimizer.t == 0


@pytest.mark.parametrize(
    "what, error", [({"theta": np.array([1.0, np.nan])}, ValueError),
                    ({"theta": np.arange(3)}, TypeError), ({"theta": None}, TypeError),
                    ({"theta": np.ones((2, 2))}, ValueError), ({"settings": ["a"]}, TypeError),
                    ({"settings": {"m": object()}}, TypeError), ({"iteration": -1}, ValueError),
                    ({"losses": ["a"]}, ValueError)],
    ids=[
        "theta with NaN", "theta of whole numbers", "no theta", "theta of two axes",
        "settings as a list", "settings with an object", "a negative iteration", "losses of text"
    ])
def test_what_could_not_be_read_back_is_not_written(good, what, error):
    before = good.read_bytes()
    with pytest.raises(error):
        tm.save_checkpoint(good, **{"theta": np.ones(3), **what})
    assert good.read_bytes() == before


def test_a_file_keeps_its_mode_and_a_link_stays_a_link(good, tmp_path):
    good.chmod(0o640)
    link = tmp_path / "link.npz"
    link.symlink_to(good)
    tm.save_checkpoint(link, np.zeros(3))
    assert link.is_symlink() and good.stat().st_mode & 0o777 == 0o640
    assert_array_equal(tm.load_checkpoint(good).theta, np.zeros(3))


def test_a_failed_save_leaves_the_old_file_and_no_litter(good):
    before = good.read_bytes()
    with pytest.raises(TypeError):
        tm.save_checkpoint(good, np.ones(3), settings={"model": object()})

    class Interrupting:
        def state(self):
            class Array:
                def __array__(self, *_, **__):
                    raise KeyboardInterrupt
            return {"t": Array()}

    with pytest.raises(KeyboardInterrupt):
        tm.save_checkpoint(good, np.ones(3), optimizer=Interrupting())
    assert good.read_bytes() == before
    assert [p.name for p in good.parent.iterdir()] == ["good.npz"]
    with pytest.raises(FileNotFoundError, match="nowhere"):
        tm.save_checkpoint(good.parent / "nowhere" / "run.npz", np.ones(3))


def test_the_name_is_kept_as_given(tmp_path):
    tm.save_checkpoint(tmp_path / "no-ending", np.ones(3))
    assert_array_equal(tm.load_checkpoint(tmp_path / "no-ending").theta, np.ones(3))


def test_settings_are_readable_json(good):
    with np.load(good) as file:
        assert json.loads(str(file["settings"])) == {"seed": 0}


def test_what_is_not_given_is_nothing_yet(tmp_path):
    tm.save_checkpoint(tmp_path / "a.npz", np.ones(3))
    for checkpoint in (tm.load_checkpoint(tmp_path / "a.npz"), tm.Checkpoint(np.ones(3))):
        assert (checkpoint.iteration, checkpoint.seconds, checkpoint.losses.shape) == (0, 0.0, (0,))
        assert checkpoint.optimizer_state == checkpoint.rng_state == checkpoint.settings == {}


def test_a_checkpoint_cannot_be_changed_and_compares_by_identity():
    one, other = tm.Checkpoint(np.ones(3)), tm.Checkpoint(np.ones(3))
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.theta = None
    assert one == one and one != other


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_disk_that_fails_leaves_the_old_file_and_no_litter(step, good, monkeypatch):
    """The new file is on the disk before it takes the place of the old one."""
    def fail(*_):
        raise OSError("disk full")

    before = good.read_bytes()
    monkeypatch.setattr(os, step, fail)
    with pytest.raises(OSError, match="disk full"):
        tm.save_checkpoint(good, np.zeros(3))
    assert good.read_bytes() == before and [p.name for p in good.parent.iterdir()] == ["good.npz"]
