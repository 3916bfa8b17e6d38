"""Signals, two runs at once, terminals and pipes: what needs a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ghibli_prep.cli.starting import ctrl_c
from ghibli_prep.errors import Stopped
from ghibli_prep.session import Session
from ghibli_prep.settings import Settings

unix = pytest.mark.skipif(sys.platform == "win32", reason="signals to another process are for Unix")


def wait_for(what: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def when(what: Callable[[], object], *signals: int) -> threading.Thread:
    """Sends the signals to this process, a moment apart, once `what` is true."""

    def send() -> None:
        wait_for(what)
        for number in signals:
            os.kill(os.getpid(), number)
            time.sleep(0.2)

    thread = threading.Thread(target=send)
    thread.start()
    return thread


@unix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_once_finishes_what_is_under_way(home: Any, sandbox: Any, number: int) -> None:
    api = sandbox(latency=0.3)
    home.keys(1, api.url)
    home.settings("max_in_flight = 2")
    home.frames(*range(8))
    sender = when(lambda: len(api.calls) >= 2, number)
    said = home.run("run")
    sender.join()
    assert said.code == 130
    assert "Stopping: what is under way is finished and saved." in said.err
    assert f"Stopped. Still to caption: {8 - len(home.captions)} of 8 pictures." in said.err
    assert len(home.captions) == len(api.calls) < 8
    assert home.checkpoint["pending"] == 8 - len(home.captions)
    home.keys(1, sandbox().url)
    assert home.run("run").code == 0
    assert len(home.captions) == 8


@unix
def test_twice_where_nothing_was_paid_for_stops_at_once() -> None:
    session = Session(Settings(), (), Path("w"), Path("raw"), Path("cache"))
    with pytest.raises(Stopped, match="Stopped at once"), ctrl_c(session):
        os.kill(os.getpid(), signal.SIGINT)
        assert session.stop.soon
        os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@unix
def test_ctrl_c_while_pictures_are_resized_stops_with_a_checkpoint(home: Any, sandbox: Any) -> None:
    home.keys(1, sandbox().url)
    home.frames(*range(60))
    sender = when(lambda: (home.train / "1.jpg").exists(), signal.SIGINT)
    said = home.run("run")
    sender.join()
    assert said.code in (0, 130)  # it may have been too quick for us
    assert home.checkpoint["total_images"] == len(home.pictures)
    assert home.run("run").code == 0
    assert len(home.captions) == 60


@unix
def test_twice_stops_at_once(home: Any, sandbox: Any) -> None:
    api = sandbox(latency=300.0)
    patient = (home.folder / "ghibli.toml").read_text("utf-8").replace("timeout_seconds = 5", "timeout_seconds = 600")
    (home.folder / "ghibli.toml").write_text(patient, "utf-8")
    home.keys(1, api.url)
    home.frames(0, 1)
    process = home.start("run")
    wait_for(lambda: (home.workspace / "checkpoint.json").exists() and len(api.calls) >= 1)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    said = home.end(process, after=signal.SIGINT)  # which waits for less long than an answer takes
    assert said.code == 130
    assert "Traceback" not in said.err
    assert home.checkpoint["pending"] == 2
    assert home.checkpoint["total_images"] == 2


@unix
def test_a_second_run_is_turned_away_while_status_works(home: Any, sandbox: Any) -> None:
    api = sandbox(latency=1.0)
    home.keys(1, api.url)
    home.frames(0, 1)
    process = home.start("run")
    wait_for(lambda: api.calls)
    for command in (["run"], ["filter"], ["resize", "--skip-filter"], ["caption"], ["cleanup", "--restore"]):
        said = home.run(*command)
        assert said.code == 4
        assert "another run of ghibli-prep holds this workspace" in said.err
    assert home.run("status", "--json").json["total_images"] == 2
    assert home.end(process).code == 0
    assert len(home.captions) == 2


@unix
def test_a_killed_run_holds_nothing(home: Any, sandbox: Any) -> None:
    api = sandbox(latency=1.0)
    home.keys(1, api.url)
    home.frames(0)
    process = home.start("run")
    wait_for(lambda: api.calls)
    process.kill()
    process.communicate()
    home.keys(1, sandbox().url)
    assert home.run("run").code == 0
    assert len(home.captions) == 1


@unix
def test_a_kill_forgets_no_request_that_was_sent(home: Any, sandbox: Any) -> None:
    home.settings("[caption.limits.best]\nrpd = 250\n")
    api = sandbox(latency=0.05)
    home.keys(1, api.url)
    home.frames(*range(40))
    process = home.start("run")
    wait_for(lambda: len(api.calls) > 6)
    process.kill()
    process.communicate()
    (best, _) = home.run("status", "--json").json["slots"]
    assert len(api.calls) <= best["asked_today"] < 40 + 5
    assert best["left_today"] == 250 - best["asked_today"]


@unix
def test_waiting_for_quota_can_be_stopped(home: Any, sandbox: Any) -> None:
    home.keys(1, sandbox(best={"rpd": 1}, next={"rpd": 1}).url)
    home.frames(*range(3))
    process = home.start("run", "--wait")
    wait_for(lambda: len(home.captions) == 2)
    time.sleep(0.5)
    said = home.end(process, after=signal.SIGINT)
    assert said.code == 130
    assert "the quota of every key and model is spent: waiting until" in said.err


def test_off_a_terminal_there_are_no_bars_and_no_colours(home: Any, sandbox: Any) -> None:
    home.keys(1, sandbox().url)
    home.frames(0, 1)
    said = home.end(home.start("run"))
    assert said.code == 0
    assert "\x1b" not in said.out + said.err
    assert "\r" not in said.out + said.err
    assert "%|" not in said.err
    assert said.err == ""


@unix
def test_readers_that_leave_do_not_end_the_run(home: Any, sandbox: Any) -> None:
    home.keys(1, sandbox(faults=[{"kind": "blocked_prompt", "calls": (1,)}]).url)
    home.frames(0, 1)
    process = home.start("run")
    process.stdout.close()
    process.stderr.close()
    assert process.wait(timeout=30) == 0
    assert len(home.captions) == 2


@unix
def test_a_closed_pipe_gives_no_traceback(home: Any) -> None:
    home.frames(0)
    process = home.start("status", "--json")
    process.stdout.close()
    with process.stderr:
        assert process.stderr.read() == ""
    assert process.wait(timeout=30) == 0


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_terminal_that_cannot_show_a_name_is_told_it_all_the_same(home: Any, sandbox: Any, encoding: str) -> None:
    home.keys(1, sandbox().url)
    home.frames(0, film="トトロ")
    (home.raw / "トトロ" / "空.png").touch()
    said = home.end(home.start("run", "-w", home.workspace, PYTHONIOENCODING=encoding))
    assert said.code == 0
    assert "\\u30c8" in said.err
    said = home.end(home.start("status", "--json", PYTHONIOENCODING=encoding))
    assert list(json.loads(said.out)["unreadable"]) == ["トトロ/空.png"]


@unix
def test_ctrl_c_at_the_question_of_cleanup_changes_nothing(home: Any, sandbox: Any) -> None:
    import pty

    home.keys(1, sandbox(faults=[{"kind": "blocked_prompt", "calls": (1,)}]).url)
    home.settings("max_in_flight = 1")
    home.frames(0, 1)
    home.run("run")
    for answer, code, left in ((b"\x04", 130, 2), (b"n\n", 130, 2), (b"y\n", 0, 1)):
        master, slave = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-c", "from ghibli_prep.cli import main; main()", "cleanup"],
            stdin=slave,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        os.close(slave)
        os.write(master, answer)
        out, err = process.communicate(timeout=20)
        os.close(master)
        assert b"1 picture without a usable caption would be moved" in out
        assert (process.returncode, len(home.pictures)) == (code, left)
        assert (b"Nothing was changed." in err) == (code == 130)


def test_help_waits_for_nothing_heavy() -> None:
    # pydantic is not among them: typer itself asks for it
    heavy = "PIL cv2 numpy mediapipe tqdm dotenv filelock google.genai ghibli_prep.settings ghibli_prep.session"
    script = (
        "import sys\nfrom ghibli_prep.cli import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {heavy.split()} if name in sys.modules])"
    )
    for arguments in (["--help"], ["run", "--help"]):
        said = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True)
        assert said.stdout.splitlines()[-1] == "[]"


def test_status_waits_for_no_library_of_pictures_or_providers(home: Any) -> None:
    home.frames(0)
    heavy = "PIL numpy cv2 mediapipe google.genai google.generativeai"
    script = (
        "import sys\nfrom ghibli_prep.cli import main\n"
        "try:\n    main(['status'])\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {heavy.split()} if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert said.stdout.splitlines()[-1] == "[]"
