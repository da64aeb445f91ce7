"""What deploy/ says is tried as far as this machine can: the configuration by nginx, the service by systemd, the
Dockerfile's steps in a mount namespace."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from core.jobs import cluster
from core.results import shared

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


def run(*command, **environment) -> subprocess.CompletedProcess:
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=240, check=False
    )


def can_make_namespaces() -> bool:
    return shutil.which("unshare") is not None and run("unshare", "--mount", "true").returncode == 0


@pytest.mark.skipif(not can_make_namespaces(), reason="needs root and mount namespaces")
def test_the_dockerfiles_steps_work_with_a_read_only_root_and_an_unprivileged_user():
    done = run("deploy/check.sh", PYTHON=sys.executable, PORT=str(21_000 + os.getpid() % 9_000))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all of it worked" in done.stdout and "l1_l2: " in done.stdout


def test_the_image_holds_all_that_the_app_reads_and_nothing_else():
    listed = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    assert listed[0] == "*"
    kept = {line[1:] for line in listed if line.startswith("!")}
    assert kept >= {"core", "pages", "precomputed", ".streamlit", "streamlit_app.py", "requirements.txt"}
    assert all((ROOT / name).exists() for name in kept)


def test_the_container_runs_as_nobody_in_particular_and_is_asked_whether_it_lives():
    assert re.search(r"^USER (?!root\b|0\b)\w+$", DOCKERFILE, re.MULTILINE)
    port = re.search(r'"--server.port", "(\d+)"', DOCKERFILE).group(1)
    assert f"127.0.0.1:{port}/_stcore/health" in DOCKERFILE and f"EXPOSE {port}" in DOCKERFILE


class StandIns:
    """Programs in the place of nginx and the interpreter: deploy/serve.sh then writes its files, and ends."""

    def __init__(self, folder: Path):
        (folder / "bin").mkdir()
        (folder / "run").mkdir()
        self.run = folder / "run"
        for name, does in {
            "nginx": "exit 0",
            "python": "exec python3 -m http.server --bind 127.0.0.1 ${@: -1}",
        }.items():
            (folder / "bin" / name).write_text(f"#!/bin/bash\n{does}\n")
            (folder / "bin" / name).chmod(0o755)
        self.environment = {
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
            "PYTHON": str(folder / "bin" / "python"),
            "RUNTIME_DIRECTORY": str(self.run),
        }

    def serve(self, *arguments: str) -> subprocess.CompletedProcess:
        return run("deploy/serve.sh", *arguments, **self.environment)


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_nginx_is_told_of_each_process_and_takes_what_it_is_told(processes, tmp_path):
    programs, port = StandIns(tmp_path), 30_000 + os.getpid() % 9_000
    done = programs.serve(str(processes), str(port))
    assert done.returncode == 0, done.stderr
    told = (programs.run / "processes.conf").read_text()
    assert re.findall(r"^upstream process_(\d)", told, re.MULTILINE) == [str(i + 1) for i in range(processes)]
    for i in range(1, processes + 1):
        assert f"server 127.0.0.1:{port + i} max_fails" in told
        assert told.count(f"server 127.0.0.1:{port + i} backup") == processes - 1
    if NGINX:
        tried = run(NGINX, "-t", "-p", str(programs.run), "-c", str(programs.run / "nginx.conf"))
        assert tried.returncode == 0, tried.stderr


@pytest.mark.parametrize("arguments", [("0",), ("x",), ("2", "port"), ("-1",), ("2; rm",)])
def test_what_is_no_number_of_processes_or_port_is_refused(arguments, tmp_path):
    assert StandIns(tmp_path).serve(*arguments).returncode == 2


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd's tools")
def test_systemd_takes_the_service_and_finds_it_confined(tmp_path):
    unit = (DEPLOY / "reglab.service").read_text()
    here = tmp_path / "reglab.service"
    here.write_text(unit.replace("/opt/reglab/.venv/bin/python", sys.executable).replace("/opt/reglab", str(ROOT)))
    tried = run("systemd-analyze", "verify", str(here))
    assert tried.returncode == 0 and not tried.stderr, tried.stderr
    assert run("systemd-analyze", "security", "--offline=yes", "--threshold=20", str(here)).returncode == 0


def test_every_setting_is_explained_in_the_readme():
    readme = (ROOT / "README.md").read_text()
    source = "".join(path.read_text() for path in (ROOT / "core").rglob("*.py"))
    settings = {*re.findall(r'"(REGLAB_\w+)"', source)}
    assert settings >= {"REGLAB_CACHE", "REGLAB_DATA", "REGLAB_STORE", "REGLAB_DASK"}
    assert all(f"`{name}`" in readme for name in settings)
    assert shared.__name__ in readme and cluster.JOBS_AT_ONCE > 1
