"""Checkpoints: a resumed run is the uninterrupted one, bit for bit; a bad file is an error."""

import dataclasses
import functools
import json
import os
import zipfile

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import tinymeta as tm

MODEL, TASKS = tm.MLP([1, 5, 1], activation="tanh"), tm.SinusoidTasks(noise=0.1)


def train(theta, optimizer, rng, stop, start=0):
    """A run of nine iterations that is left after some of them."""
    losses, sizes = [], dict(n_tasks=3, n_support=4, n_query=4)
    run = tm.meta_train(tm.MAML(MODEL, 0.05), TASKS, theta, optimizer, 9, rng, **sizes, start=start)
    for step in run:
        losses.append(step.loss)
        if step.iteration == stop:
            break
    return step.theta, losses


ADAM, SGD = lambda: tm.Adam(0.01), lambda: tm.SGD(tm.linear_schedule(0.1, 0, 9), max_norm=1.0)


@pytest.mark.parametrize("make, generator, dtype", [
    pytest.param(ADAM, np.random.PCG64, np.float32, id="Adam, single precision"),
    pytest.param(SGD, np.random.PCG64, np.float64, id="SGD with a schedule"),
    pytest.param(ADAM, np.random.MT19937, np.float64, id="a generator whose state holds an array"),
    pytest.param(ADAM, np.random.Philox, np.float64, id="a generator of two arrays")])
def test_a_resumed_run_is_the_uninterrupted_one_bit_for_bit(make, generator, dtype, tmp_path):
    new_rng = lambda: np.random.Generator(generator(7))
    start = MODEL.init(np.random.default_rng(0), dtype=dtype)
    whole, whole_losses = train(start, make(), new_rng(), 9)

    optimizer, rng = make(), new_rng()
    half, losses = train(start, optimizer, rng, 4)
    tm.save_checkpoint(tmp_path / "run", half, 4, optimizer, rng, losses, 1.5, {"alpha": 0.05})

    checkpoint = tm.load_checkpoint(tmp_path / "run")  # the name is kept as it was given
    optimizer, rng = make(), np.random.Generator(generator(99))
    checkpoint.restore(optimizer, rng)
    rest, more = train(checkpoint.theta, optimizer, rng, 9, start=checkpoint.iteration)
    assert rest.dtype == dtype
    assert_array_equal(rest, whole)
    assert checkpoint.losses.tolist() + more == whole_losses
    assert (checkpoint.settings, checkpoint.seconds) == ({"alpha": 0.05}, 1.5)


@pytest.fixture
def good(tmp_path):
    path, optimizer, rng = tmp_path / "good.npz", tm.Adam(), np.random.default_rng(0)
    theta, losses = train(MODEL.init(rng), optimizer, rng, 3)
    tm.save_checkpoint(path, theta, 3, optimizer, rng, losses, 0.0, {"seed": 0})
    return path


def entries_of(path):
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


def test_a_checkpoint_holds_no_pickle_and_settings_that_can_be_read(good):
    arrays = entries_of(good)
    assert all(array.dtype.kind != "O" for array in arrays.values())
    assert json.loads(str(arrays["settings"])) == {"seed": 0}


def test_what_is_not_given_is_nothing_yet(tmp_path):
    tm.save_checkpoint(tmp_path / "a.npz", np.ones(3))
    for checkpoint in (tm.load_checkpoint(tmp_path / "a.npz"), tm.Checkpoint(np.ones(3))):
        assert (checkpoint.iteration, checkpoint.seconds, checkpoint.losses.shape) == (0, 0.0, (0,))
        assert checkpoint.optimizer_state == checkpoint.rng_state == checkpoint.settings == {}


@pytest.mark.parametrize("kind, entries", [
    (tm.Checkpoint, (np.ones(3), 1)), (tm.AdaptationCurve, (np.ones((1, 3)), np.zeros((1, 3))))])
def test_a_record_cannot_be_changed_and_compares_by_identity(kind, entries):
    one, other = kind(*entries), kind(*entries)
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.theta = None
    assert one == one and one != other


def test_a_record_gives_copies():
    """An optimizer that works in place starts twice from the same numbers."""
    class Doubling:
        def restore(self, state):
            self.m = state["m"]
            self.m *= 2

    checkpoint = tm.Checkpoint(np.ones(3), 0, {"m": np.ones(3)},
                               np.random.default_rng(0).bit_generator.state)
    for _ in range(2):
        optimizer = Doubling()
        checkpoint.restore(optimizer, np.random.default_rng())
        assert (optimizer.m == 2).all()


def test_a_record_keeps_copies():
    theta, state = np.ones(3), {"m": np.ones(3)}
    checkpoint = tm.Checkpoint(theta, optimizer_state=state)
    theta[:], state["m"][:] = 0, 0
    assert checkpoint.theta.all() and checkpoint.optimizer_state["m"].all()


# Reading what is no good.


@pytest.mark.parametrize("size", [0, 10, 500, -1, -100], ids="cut to {}".format)
def test_a_truncated_file_is_an_error(good, size):
    good.write_bytes(good.read_bytes()[:size])
    with pytest.raises(tm.CheckpointError, match="good.npz.*truncated"):
        tm.load_checkpoint(good)


def test_a_file_with_flipped_bytes_is_an_error_or_reads_the_same(good):
    """Wherever one byte is changed: an error that names the file, or nothing that matters."""
    data, right, errors = good.read_bytes(), tm.load_checkpoint(good), 0
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


def test_an_unclosed_bracket_in_a_long_array_s_header_is_an_error(good):
    tm.save_checkpoint(good, np.ones(5000))  # whose header is read before its checksum is known
    good.write_bytes(good.read_bytes().replace(b"(5000,), }", b"(5000,), {"))
    with pytest.raises(tm.CheckpointError, match="good.npz is not a readable checkpoint"):
        tm.load_checkpoint(good)


@pytest.mark.parametrize("content", [b"hello", b"PK\x03\x04", b"\x93NUMPY\x01\x00"],
                         ids=["text", "a zip's first bytes", "an npy's first bytes"])
def test_a_foreign_file_is_an_error_and_none_is_file_not_found(content, tmp_path):
    path = tmp_path / "foreign.npz"
    with pytest.raises(FileNotFoundError):
        tm.load_checkpoint(path)
    path.write_bytes(content)
    with pytest.raises(tm.CheckpointError, match="foreign.npz"):
        tm.load_checkpoint(path)


def test_a_name_that_is_too_long_is_told_so(tmp_path):
    with pytest.raises(OSError, match="name too long"):
        tm.load_checkpoint(tmp_path / ("x" * 300))
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError):
        tm.load_checkpoint(tmp_path / "file" / "x.npz")


def test_a_file_that_may_not_be_read_is_told_so(good, monkeypatch):
    def refuse(path):
        raise PermissionError(path)

    monkeypatch.setattr(zipfile, "ZipFile", refuse)  # whatever the user's rights are
    with pytest.raises(PermissionError):
        tm.load_checkpoint(good)


@pytest.mark.parametrize("missing", ["theta", "iteration", "rng_state", "losses", "settings"])
def test_a_missing_entry_is_an_error(good, missing):
    arrays = entries_of(good)
    del arrays[missing]
    np.savez(good, **arrays)
    with pytest.raises(tm.CheckpointError, match=f"damaged.*{missing}"):
        tm.load_checkpoint(good)


@pytest.mark.parametrize("entry, value, words", [
    ("theta", np.arange(3), "theta has dtype"), ("theta", np.ones((2, 2)), "theta has shape"),
    ("theta", np.array([{}]), "good.npz"),  # a pickle, which is never loaded
    ("losses", np.ones((2, 2)), "losses has shape"), ("losses", ["a"], "losses has shape"),
    ("seconds", np.nan, "seconds is"), ("seconds", -1.0, "seconds is"),
    ("iteration", -1, "iteration is -1"), ("iteration", 2.5, "iteration is"),
    ("rng_state", "{", "damaged"),
    ("settings", "not json", "damaged"), ("iteration", "three", "iteration"),
    ("format", "", "not a tinymeta checkpoint"), ("format", "tinymeta checkpoint 9", "but not")],
    ids=lambda value: value if isinstance(value, str) else "")
def test_a_wrong_entry_is_an_error(good, entry, value, words):
    np.savez(good, **{**entries_of(good), entry: np.array(value)})
    with pytest.raises(tm.CheckpointError, match=words):
        tm.load_checkpoint(good)


def test_restoring_into_another_optimizer_or_generator_is_an_error_and_changes_neither(good):
    checkpoint, optimizer, rng = tm.load_checkpoint(good), tm.Adam(), np.random.default_rng(0)
    with pytest.raises(tm.CheckpointError, match="another optimizer than SGD"):
        checkpoint.restore(tm.SGD(0.1), rng)
    with pytest.raises(tm.CheckpointError, match="does not fit"):
        checkpoint.restore(optimizer, np.random.Generator(np.random.MT19937(0)))
    for state in (None, {"bit_generator": "PCG64"}):
        with pytest.raises(tm.CheckpointError, match=f"it is {state}; expected a generator's st"):
            dataclasses.replace(checkpoint, rng_state=state).restore(optimizer, rng)
    assert optimizer.t == 0 and rng.random() == np.random.default_rng(0).random()


class TwoMoments:
    """An optimizer of one's own, whose second entry no other optimizer has."""

    def __init__(self):
        self.m, self.second = np.zeros(16), np.zeros(16)

    def state(self):
        return {"m": self.m, "second": self.second}

    def restore(self, state):
        self.m = state["m"]
        self.second = state["second"]


def test_an_optimizer_that_restores_half_is_as_it_was(good):
    optimizer = TwoMoments()
    with pytest.raises(tm.CheckpointError, match="does not fit this run: it has no entry 'second'"):
        tm.load_checkpoint(good).restore(optimizer, np.random.default_rng(0))
    assert (optimizer.m == 0).all()


@pytest.mark.parametrize("wrong", [
    {"rng_state": {"has_uint32": "x"}}, {"rng_state": {"state": {"state": -1, "inc": 3}}},
    {"rng_state": {"state": {"state": 2**200, "inc": 3}}}, {"rng_state": {"state": None}},
    {"optimizer_state": {"t": np.array(-3)}}, {"optimizer_state": {"t": np.array("x")}},
    {"optimizer_state": {"m": np.full(16, np.nan)}}, {"optimizer_state": {"s": np.ones(3)}},
    {"optimizer_state": {"m": np.ones((4, 4)), "s": np.ones((4, 4))}}],
    ids=str)
def test_a_wrong_state_is_an_error_and_changes_nothing(wrong, good):
    checkpoint, optimizer, rng = tm.load_checkpoint(good), tm.Adam(), np.random.default_rng(0)
    wrong = {name: {**getattr(checkpoint, name), **part} for name, part in wrong.items()}
    with pytest.raises(tm.CheckpointError, match="does not fit"):
        dataclasses.replace(checkpoint, **wrong).restore(optimizer, rng)
    assert optimizer.t == 0 and optimizer.m.size == 0
    assert rng.bit_generator.state == np.random.default_rng(0).bit_generator.state


def test_a_header_that_claims_more_than_there_is_takes_no_memory(good, tmp_path):
    header = "{'descr': '<f8', 'fortran_order': False, 'shape': (%d,), }" % 2**45
    data = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + bytes(99)
    with zipfile.ZipFile(good, "w") as file:
        file.writestr("theta.npy", data)
    with pytest.raises(tm.CheckpointError, match="not a readable checkpoint"):
        tm.load_checkpoint(good)
    (tmp_path / "one.npy").write_bytes(data)
    with pytest.raises(tm.CheckpointError, match="not a readable checkpoint"):
        tm.load_checkpoint(tmp_path / "one.npy")


def test_a_small_file_that_unpacks_to_much_is_not_unpacked(good):
    np.savez_compressed(good, **{**entries_of(good), "losses": np.zeros(10**3)})
    assert good.stat().st_size < 10**6
    with pytest.raises(tm.CheckpointError, match="is compressed; expected a checkpoint as"):
        tm.load_checkpoint(good)


# Writing, whole or not at all.


@pytest.mark.parametrize("what, error", [
    ({"theta": np.array([1.0, np.nan])}, ValueError), ({"theta": np.arange(3)}, TypeError),
    ({"theta": np.ones((2, 2))}, ValueError), ({"settings": ["a"]}, TypeError),
    ({"settings": {"m": object()}}, TypeError), ({"settings": {"m": [{1: 2}]}}, TypeError),
    ({"settings": {"m": functools.reduce(lambda inner, _: [inner], range(400), 0)}}, TypeError),
    ({"iteration": -1}, ValueError),
    ({"losses": ["a"]}, ValueError), ({"losses": 3.0}, ValueError),
    ({"losses": np.ones((2, 2))}, ValueError), ({"seconds": -1.0}, ValueError),
    ({"optimizer": type("Odd", (), {"state": lambda self: {"t": object()}})()}, TypeError),
    ({"optimizer": type("Odd", (), {"state": lambda self: {"t": np.zeros(2, [("a", object)])}})()},
     TypeError)],
    ids=["theta with NaN", "theta of whole numbers", "theta of two axes", "settings as a list",
         "settings with an object", "settings by number", "settings 400 deep",
         "a negative iteration", "losses of text", "one loss", "losses of two axes",
         "negative seconds", "an optimizer's state of objects",
         "of objects in parts"])
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


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()], ids=repr)
def test_a_failed_save_leaves_the_old_file_and_no_litter(step, error, good, monkeypatch):
    """The new file is on the disk before it takes the place of the old one."""
    def fail(*_):
        raise error

    before = good.read_bytes()
    monkeypatch.setattr(os, step, fail)
    with pytest.raises(type(error)):
        tm.save_checkpoint(good, np.zeros(3))
    assert good.read_bytes() == before and [p.name for p in good.parent.iterdir()] == ["good.npz"]


def test_a_generator_of_another_kind_is_named(tmp_path):
    tm.save_checkpoint(tmp_path / "run.npz", np.ones(4), rng=np.random.default_rng(0))
    other = np.random.Generator(np.random.MT19937(0))
    with pytest.raises(tm.CheckpointError, match="'PCG64'; expected 'MT19937', the generator's"):
        tm.load_checkpoint(tmp_path / "run.npz").restore(tm.SGD(0.1), other)


@pytest.mark.parametrize("key", [0, "m.npy", "a\0b"])
def test_an_optimizer_s_state_with_keys_that_are_not_found_again_is_refused(key, tmp_path):
    class Momentum:
        def state(self):
            return {key: np.zeros(2)}

    with pytest.raises(TypeError, match=r"Momentum.state\(\) returned the keys .*; expected texts"):
        tm.save_checkpoint(tmp_path / "run.npz", np.ones(4), 1, Momentum())
    assert not list(tmp_path.iterdir())


def test_a_folder_is_told_to_be_one(tmp_path):
    with pytest.raises(tm.CheckpointError, match="is a folder; expected a checkpoint's file, such"):
        tm.load_checkpoint(tmp_path)
    (tmp_path / "reptile.npz").write_bytes(b"")
    with pytest.raises(tm.CheckpointError, match="such as .*reptile.npz"):
        tm.load_checkpoint(tmp_path)


def test_a_complex_theta_is_none_of_a_run(tmp_path):
    with pytest.raises(TypeError, match="theta has dtype complex128; expected real numbers"):
        tm.save_checkpoint(tmp_path / "run.npz", np.ones(3) + 1j)
    assert not list(tmp_path.iterdir())
