"""The project's chores. `nox` runs lint, typing and tests; `nox -s NAME` one of them."""

from __future__ import annotations

import nox

nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["lint", "typing", "tests", "docs"]
nox.options.error_on_missing_interpreters = False

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]


@nox.session
def lint(session: nox.Session) -> None:
    session.install("-e", ".[lint]")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def typing(session: nox.Session) -> None:
    session.install("-e", ".[typing]")
    session.run("mypy")
    session.run("pyright", "--pythonpath", f"{session.virtualenv.location}/bin/python")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    session.install("-e", ".[test]")
    session.run("pytest", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    session.install("-e", ".[test]")
    session.run("python", "-m", "docs.operations")
    session.run("pytest", "tests/test_readme.py", "tests/test_docs.py", *session.posargs)


@nox.session
def benchmarks(session: nox.Session) -> None:
    """This project beside its peers, in one run: `-- --quick` is rougher, `-- --check` compares with stored ratios."""
    session.install("-e", ".[benchmarks]")
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session
def coverage(session: nox.Session) -> None:
    session.install("-e", ".[test]")
    session.run(".ci/coverage", "python", external=True)


@nox.session
def faults(session: nox.Session) -> None:
    session.install("-e", ".[test]")
    session.run("python", "tests/cut_sweep.py")
    session.run("python", "tests/fault_run.py", *(session.posargs or ("--calls", "20000", "--seeds", "100")))


@nox.session
def fuzz(session: nox.Session) -> None:
    """Thirty thousand requests of all kinds to the sandbox, none of which may end in a 500."""
    session.install("-e", ".[test]")
    session.run("python", "tests/fuzz_sandbox.py", *(session.posargs or ("30000",)))


@nox.session
def shared(session: nox.Session) -> None:
    """The limits that processes share: real minutes, every simulation, many outages."""
    session.install("-e", ".[test]")
    files = [
        f"tests/test_shared_limits{each}.py"
        for each in ("", "_away", "_corners", "_lost", "_processes", "_script", "_talk")
    ]
    env = {"XERO_ASYNC_SHARED": "60"}
    session.run("pytest", "--timeout", "600", "tests/test_limiter_simulated.py", *files, env=env)


@nox.session
def kills(session: nox.Session) -> None:
    """Processes killed at thousands of moments: tokens work, no answered write is lost, no record is drawn twice."""
    session.install("-e", ".[test]")
    many = {"XERO_ASYNC_KILLS": "1000"}
    session.run("pytest", "tests/test_auth_processes.py", "-k", "killed", env=many)
    session.run("pytest", "tests/test_sandbox_durable.py", "-k", "kills", env={"XERO_ASYNC_KILLS": "50"})
    session.run("pytest", "tests/test_export_kills.py", env={"XERO_KILLS": "100"})
    session.run("pytest", "tests/test_export_sinks.py", "-k", "kill", env={"SINK_STRIDE": "1"})
    session.run("pytest", "tests/test_bulk_crawl.py", env={"CRAWL_SEEDS": "10"})
    whole = {"XERO_ASYNC_KILLS": "50", "XERO_ASYNC_DOCUMENTS": "10000"}
    session.run("pytest", "--timeout", "1200", "tests/test_create_kills.py", env=whole)
    cut = {"XERO_ASYNC_CREATE_RECORDS": "10000", "XERO_ASYNC_CREATE_CUTS": "50"}
    session.run("pytest", "--timeout", "600", "tests/test_create_exactly.py", "-k", "again", env=cut)
    queue = {"XERO_ASYNC_QUEUE_TENANTS": "20"}
    session.run("pytest", "--timeout", "600", "tests/test_queue.py", "-k", "killed", env=queue)
    migrated = {"XERO_ASYNC_MIGRATED": "12000"}
    session.run("pytest", "--timeout", "900", "tests/test_migrate_command.py", "-k", "kill", env=migrated)


@nox.session
def peers(session: nox.Session) -> None:
    """Other people's clients, as the package index has them, against the sandbox."""
    session.install("-e", ".[cli,test]", "xero-python", "pyxero")
    session.run("pytest", "tests/peers", *session.posargs)
