"""Files whole or not at all, what killed processes leave, and claims that no two can hold."""

import os
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest

import tinymeta as tm
from tinymeta.training import files
from tinymeta.training.files import Claim, ClaimError, clear_left_over, write_whole



def make_socket(path):
    """It stands for devices, which a test had better not come near."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(path))  # its name may not be long


posix = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are of POSIX")


@posix
@pytest.mark.parametrize("make", [getattr(os, "mkfifo", None), os.mkdir, make_socket],
                         ids=["a named pipe", "a folder", "a socket"])
def test_what_is_no_regular_file_is_neither_replaced_nor_read(make, tmp_path):
    path = tmp_path / "odd.npz"
    make(path)
    kind = path.stat().st_mode
    with pytest.raises(OSError, match="odd.npz is no regular file"):
        tm.save_checkpoint(path, np.ones(3))
    with pytest.raises(tm.CheckpointError, match="odd.npz"):
        tm.load_checkpoint(path)
    assert path.stat().st_mode == kind and os.listdir(tmp_path) == ["odd.npz"]
    make(tmp_path / "run.npz.lock")
    with pytest.raises(OSError, match="run.npz.lock is no lock of ours"):
        Claim(tmp_path / "run.npz")


@pytest.mark.parametrize("foreign", [
    lambda path: path.write_text("my notes"), lambda path: path.symlink_to("target")],
    ids=["a text", "a link"])
def test_a_lock_that_is_another_s_is_left_as_it_is(foreign, tmp_path):
    foreign(tmp_path / "run.npz.lock")
    with pytest.raises(OSError, match="run.npz.lock is no lock of ours; expected an empty file"):
        Claim(tmp_path / "run.npz")
    assert os.listdir(tmp_path) == ["run.npz.lock"]


@posix
def test_a_full_disk_is_named_and_the_old_file_stays(tmp_path):
    """A limit on the size of files stands for the disk."""
    code = ("import resource, sys, numpy as np, tinymeta as tm\n"
            "tm.save_checkpoint(sys.argv[1], np.ones(3))\n"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (8000, 8000))\n"
            "tm.save_checkpoint(sys.argv[1], np.ones(9000))\n")
    path = tmp_path / "run.npz"
    run = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True)
    assert run.returncode == 1 and run.stderr.splitlines()[-1].endswith(f"File too large: '{path}'")
    assert tm.load_checkpoint(path).theta.shape == (3,) and os.listdir(tmp_path) == ["run.npz"]


@posix
def test_what_a_kill_in_the_middle_of_a_save_leaves_is_cleared(tmp_path):
    code = ("import os, signal, sys, numpy as np, tinymeta as tm\n"
            "os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
            "tm.save_checkpoint(sys.argv[1], np.ones(3))\n")
    path, other = tmp_path / "run.npz", tmp_path / "run.npz.original.tmp"
    other.mkdir()
    run = subprocess.run([sys.executable, "-c", code, str(path)])
    assert run.returncode == -signal.SIGKILL and len(os.listdir(tmp_path)) == 2
    tm.save_checkpoint(path, np.ones(3))  # may be another process's that is still writing
    assert len(os.listdir(tmp_path)) == 3
    clear_left_over(path)
    assert sorted(os.listdir(tmp_path)) == ["run.npz", "run.npz.original.tmp"]


def test_a_left_over_from_before_the_clock_was_set_back_is_cleared(tmp_path):
    left_over = tmp_path / "run.npz.0123abcd.tmp"
    left_over.write_text("half")
    os.utime(left_over, (time.time() + 86400,) * 2)
    clear_left_over(tmp_path / "run.npz")
    assert not os.listdir(tmp_path)


def test_a_save_clears_old_left_overs_but_none_that_is_being_written(tmp_path):
    path, left_over = tmp_path / "run.npz", tmp_path / "run.npz.0123abcd.tmp"
    left_over.write_text("half")

    def write(file):
        for temporary in tmp_path.iterdir():
            os.utime(temporary, (0, 0))  # old by its date
        write_whole(path, lambda other: other.write(b"another's"))
        assert len(list(tmp_path.glob("*.tmp"))) == 1 and not left_over.exists()
        file.write(b"all")

    write_whole(path, write)
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("run.npz", b"all")]


def test_a_claim_is_held_by_one_and_leaves_nothing(tmp_path):
    path = tmp_path / "run.npz"
    with Claim(path) as claim:
        claim.check()
        with pytest.raises(ClaimError, match="run.npz is another run's that is still going on"):
            Claim(path, patience=0.1)
        claim.check()
    assert os.listdir(tmp_path) == []
    with Claim(path):
        pass


def test_a_claim_that_was_left_is_taken_over(tmp_path):
    code = ("import os, sys\nfrom tinymeta.training.files import Claim\n"
            "claim = Claim(sys.argv[1])\nos._exit(3)\n")
    path = tmp_path / "run.npz"
    assert subprocess.run([sys.executable, "-c", code, str(path)]).returncode == 3
    assert os.listdir(tmp_path) == ["run.npz.lock"]
    with Claim(path, patience=0):
        pass
    assert os.listdir(tmp_path) == []


def test_ctrl_c_while_a_checkpoint_is_made_is_ctrl_c(tmp_path, monkeypatch):
    def press(*arguments, **arrays):
        try:
            raise KeyboardInterrupt
        finally:
            raise ValueError("Can't close the ZIP file while there is an open writing handle on it")

    monkeypatch.setattr(np, "savez", press)
    with pytest.raises(KeyboardInterrupt):
        tm.save_checkpoint(tmp_path / "run.npz", np.ones(3))
    assert not list(tmp_path.iterdir())


def test_a_claim_that_is_interrupted_leaves_no_lock(tmp_path, monkeypatch):
    presses, holds = [KeyboardInterrupt], Claim.holds

    def press(claim):
        if presses:
            raise presses.pop()
        return holds(claim)

    monkeypatch.setattr(Claim, "holds", press)
    with pytest.raises(KeyboardInterrupt):
        Claim(tmp_path / "run.npz")
    assert not list(tmp_path.iterdir())


def test_a_claim_whose_folder_was_given_to_another_run_no_longer_stands(tmp_path):
    path, lock = tmp_path / "run.npz", tmp_path / "run.npz.lock"
    with Claim(path) as claim:
        lock.unlink()
        second = Claim(path)
        with pytest.raises(ClaimError, match="run.npz is no longer this run's"):
            claim.check()
    with second:
        second.check()  # what the first one's end has not removed


def test_a_lock_that_was_removed_is_made_again_in_the_same_folder(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    with Claim(folder / "run.npz") as claim:
        (folder / "run.npz.lock").unlink()
        claim.check()
        with pytest.raises(ClaimError):
            Claim(folder / "run.npz", patience=0.0)
        folder.rename(tmp_path / "moved")
        folder.mkdir()
        with pytest.raises(ClaimError, match="no longer this run's"):
            claim.check()
        assert not list(folder.iterdir())


def test_a_path_that_ends_in_a_slash_is_a_folder_s(tmp_path):
    with pytest.raises(OSError, match="new/ is the name of a folder; expected that of a file"):
        write_whole(f"{tmp_path}/new/", lambda file: None)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", [240 * "n" + ".npz", "notes.txt/run.npz"])
def test_an_error_names_the_path_and_no_temporary_file(name, tmp_path):
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(OSError) as caught:
        write_whole(tmp_path / name, lambda file: file.write(b"x"))
    assert caught.value.filename == str(tmp_path / name)


def test_a_write_protected_file_is_left_as_it_is(tmp_path, monkeypatch):
    path = tmp_path / "good.npz"
    tm.save_checkpoint(path, np.ones(3))
    before = path.read_bytes()
    monkeypatch.setattr(files.os, "access", lambda path, mode: mode != os.W_OK)  # as for no root
    with pytest.raises(PermissionError, match="good.npz is write-protected; expected a file that"):
        tm.save_checkpoint(path, np.zeros(3))
    assert path.read_bytes() == before and len(list(tmp_path.iterdir())) == 1
