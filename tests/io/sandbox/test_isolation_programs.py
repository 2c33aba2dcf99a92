"""Users' programs that read files: scripts without a main guard, forks, daemon threads, ends of all kinds."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from netsci.io.sandbox import isolation
from tests.io.samples import write_npz, write_torch
from tests.io.sandbox.processes import alive, wait_until

pytestmark = pytest.mark.skipif(not isolation.AVAILABLE, reason="this system cannot fork")


def run(script: str, folder: Path, **environment: str) -> list[str]:
    """Run a user's script, without a main guard, every warning an error; return the lines it prints."""
    root = str(Path(isolation.__file__).parents[3])
    head = f"import sys; sys.path.insert(0, {root!r}); from pathlib import Path\n"
    head += "from netsci.io.sandbox.isolation import load_isolated; from netsci.io.sandbox import isolation\n"
    head += "read = lambda: load_isolated(Path('net.npz'), '').graph.n_links\n"
    head += "pid = lambda: isolation._reader.process.pid\n"
    (folder / "script.py").write_text(head + textwrap.dedent(script))
    write_npz(folder / "net.npz")
    done = subprocess.run(
        [sys.executable, "-W", "error", "script.py"],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert not done.stderr
    assert done.returncode == 0
    return done.stdout.split()


def test_the_process_ends_with_the_program(tmp_path):
    links, pid = run("print(read(), pid())", tmp_path)
    assert links == "10"
    assert not alive(int(pid))  # waited for, so that nobody finds it there


def test_the_process_ends_with_a_program_that_is_killed(tmp_path):
    script = """
    import os, signal
    if (child := os.fork()) == 0:
        read(); print(pid(), flush=True); os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    """
    (pid,) = run(script, tmp_path)
    assert wait_until(lambda: not alive(int(pid)))


def test_a_program_that_forks(tmp_path):
    script = """
    import os
    read(); first = pid()
    if (child := os.fork()) == 0:
        read()
        print(int(pid() != first), flush=True)
        sys.exit()  # with its exit handlers
    assert os.waitpid(child, 0)[1] == 0
    read()
    print(int(pid() == first), first)
    """
    *same, pid = run(script, tmp_path)
    assert same == ["1", "1"]
    assert wait_until(lambda: not alive(int(pid)))


def test_a_program_that_ends_while_a_daemon_thread_reads(tmp_path):
    script = """
    import threading
    read(); print(pid())
    def forever():
        while True:
            try:
                read()
            except BaseException:
                return
    threading.Thread(target=forever, daemon=True).start()
    import time; time.sleep(.2)
    """
    (pid,) = run(script, tmp_path)
    assert wait_until(lambda: not alive(int(pid)))


def test_a_folder_of_downloads_with_modules_called_like_libraries(tmp_path):
    downloads, home = tmp_path / "downloads", tmp_path / "home"
    downloads.mkdir()
    home.mkdir()
    for name in ("torch", "numpy", "json", "select", "netsci"):
        (downloads / f"{name}.py").write_text("raise SystemExit('this ran')")
    write_torch(downloads / "net.pt")
    script = "import os; os.chdir('../downloads'); print(load_isolated(Path('net.pt'), '').graph.n_links)"
    assert run(script, home) == ["10"]


def test_programs_that_ignore_signals_or_make_warnings_errors(tmp_path):
    script = """
    import signal
    for number in (signal.SIGCHLD, signal.SIGALRM, signal.SIGXCPU):
        signal.signal(number, signal.SIG_IGN)
    print(read())
    """
    assert run(script, tmp_path, PYTHONWARNINGS="error") == ["10"]
