from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ghibli_prep.errors import UsageError, WorkspaceHeld
from ghibli_prep.workspace.lock import hold

HOLD = """
import sys, time
from pathlib import Path
from ghibli_prep.workspace.lock import hold
lock = hold(Path(sys.argv[1]), Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


def test_a_lock_held_by_another_process_is_refused_and_free_after_its_sigkill(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(WorkspaceHeld, match="another run of ghibli-prep holds this workspace"):
            hold(tmp_path, tmp_path)
        other.kill()
        other.wait()
    hold(tmp_path, tmp_path).release()


def test_a_lock_given_back_can_be_taken_again(tmp_path: Path) -> None:
    lock = hold(tmp_path, tmp_path)
    with pytest.raises(WorkspaceHeld):
        hold(tmp_path, tmp_path)
    lock.release()
    hold(tmp_path, tmp_path).release()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_forked_worker_that_outlives_its_parent_holds_nothing(tmp_path: Path) -> None:
    orphan = HOLD.replace("time.sleep(60)", "import os\nos.write(1, b'%d\\n' % os.fork())\ntime.sleep(5)")
    with subprocess.Popen([sys.executable, "-c", orphan, str(tmp_path)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "held\n"
        worker = max(int(parent.stdout.readline()), int(parent.stdout.readline()))
        parent.kill()
        parent.wait()
        time.sleep(0.05)
        try:
            hold(tmp_path, tmp_path).release()
        finally:
            os.kill(worker, 9)


def test_a_lock_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "lock").mkdir()
    with pytest.raises(UsageError, match="lock: cannot be written"):
        hold(tmp_path, tmp_path)
