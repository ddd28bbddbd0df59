"""Commands against a sandbox: what they ask for, what they show, and how they refuse."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest
from commands import Run, refuses, runner
from servers import served
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

from xero_async import __version__
from xero_async.cli.app import app
from xero_async.sandbox import Sandbox

SECRETS = ("XERO_CLIENT_SECRET", "XERO_ACCESS_TOKEN")


@pytest.fixture(scope="module")
def sandboxes() -> Generator[list[Sandbox]]:
    """A sandbox with one tenant and another with two, in threads of their own."""
    one, two = (Sandbox(contacts=30, invoices=50, tenants=number, limits=None, seed=number) for number in (1, 2))
    with served(one), served(two):
        yield [one, two]


@pytest.fixture
def alone(sandboxes: list[Sandbox]) -> Run:
    """Commands against the sandbox with one tenant."""
    return runner(sandboxes[0])


@pytest.fixture
def several(sandboxes: list[Sandbox]) -> Run:
    """Commands against the sandbox with two tenants."""
    return runner(sandboxes[1])


def test_every_command_and_option_has_its_help() -> None:
    """No command, argument or option is without a word of explanation, and none takes a secret."""
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    shown = {"demo", "sandbox", "login", "logout", "tenants", "disconnect", "export", "worker", "create", "limits"}
    shown |= {"migrate-v1"}
    assert set(group.commands) == shown
    for command in group.commands.values():
        assert command.help
        for parameter in command.params:
            assert getattr(parameter, "help", None), f"{command.name} {parameter.name}"
            assert parameter.envvar not in SECRETS
    result = CliRunner().invoke(app, ["--help"])
    assert all(name in result.stdout for name in group.commands)
    assert all(name in result.stdout for name in SECRETS)


def test_the_version_is_shown() -> None:
    """`--version` prints the package's version."""
    assert CliRunner().invoke(app, ["--version"]).stdout == f"xero-async {__version__}\n"


def test_tenants_are_listed_for_programs(several: Run, sandboxes: list[Sandbox]) -> None:
    """Without a terminal each tenant is a line of id, name and type, separated by tabs."""
    result = several("tenants")
    first, second = sandboxes[1].tenants
    assert result.code == 0
    assert result.stdout == f"{first}\tSandbox Company 1\tORGANISATION\n{second}\tSandbox Company 2\tORGANISATION\n"


def test_limits_cost_one_call(alone: Run, sandboxes: list[Sandbox]) -> None:
    """`limits` makes one call to the tenant and shows what the answer says is left."""
    before = sandboxes[0].counters.operations
    result = alone("limits")
    after = sandboxes[0].counters.operations
    made = {name: count - before.get(name, 0) for name, count in after.items() if count != before.get(name, 0)}
    assert made == {"getConnections": 1, "getInvoices": 1}
    assert result.stdout.startswith("Sandbox Company 1\t")


def test_an_export_of_the_only_tenant_needs_no_name(alone: Run, tmp_path: Path) -> None:
    """With one tenant it is taken; each file is printed with its rows, and progress goes to standard error."""
    result = alone("export", str(tmp_path))
    assert result.code == 0
    printed = {path: rows for rows, _, path in (line.partition("\t") for line in result.stdout.splitlines())}
    folder = tmp_path / "Sandbox Company 1"
    assert printed[str(folder / "invoices.jsonl")] == "50"
    for path, rows in printed.items():
        assert len(Path(path).read_bytes().splitlines()) == int(rows)
    assert "invoices: 50 of 50 records, call 1 of 1" in result.stderr


def test_among_several_tenants_none_is_guessed(several: Run, tmp_path: Path) -> None:
    """With several tenants and no choice, or a wrong one, the command names them all and does nothing."""
    for arguments in ([], ["--tenant", "Sandbox Company"]):
        result = several("export", str(tmp_path), *arguments)
        assert refuses(result, 2, "Sandbox Company 1", "Sandbox Company 2")
    assert not list(tmp_path.iterdir())


def test_tenants_are_chosen_by_name_id_or_environment(several: Run, sandboxes: list[Sandbox], tmp_path: Path) -> None:
    """A name in any case, an id, and XERO_TENANT_ID each choose a tenant, a name with spaces too; options go first."""
    first, second = sandboxes[1].tenants
    only = ["--resource", "contacts"]
    several("export", str(tmp_path / "a"), "--tenant", "sandbox company 2", *only)
    several("export", str(tmp_path / "b"), "--tenant", second.upper(), *only)
    several("export", str(tmp_path / "c"), *only, XERO_TENANT_ID=second)
    several("export", str(tmp_path / "e"), *only, XERO_TENANT_ID="Sandbox Company 2")
    several("export", str(tmp_path / "f"), "--tenant", second, *only, XERO_TENANT_ID=first)
    for folder in "abcef":
        assert [path.name for path in (tmp_path / folder).iterdir()] == ["Sandbox Company 2"]
    several("export", str(tmp_path / "d"), "--tenant", first, "--tenant", second, "--tenant", first, *only)
    assert {path.name for path in (tmp_path / "d").iterdir()} == {"Sandbox Company 1", "Sandbox Company 2"}


def test_an_export_can_be_narrowed(alone: Run, tmp_path: Path) -> None:
    """--resource, --where, --since and --page-size reach the export; resources may be spelt with a dash."""
    folder = tmp_path / "Sandbox Company 1"
    result = alone("export", str(tmp_path), "--resource", "Credit-Notes", "--since", "2100-01-01", "--page-size", "10")
    assert result.stdout == f"0\t{folder / 'credit_notes.jsonl'}\n"
    result = alone("export", str(tmp_path), "--resource", "invoices", "--where", 'Status=="PAID"')
    assert 0 < len((folder / "invoices.jsonl").read_bytes().splitlines()) < 50


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--resource", "bills"], 2, ["'bills'", "invoices"]),
        (["--where", 'Status=="PAID"'], 2, ["resources"]),
        (["--resource", "invoices", "--where", "Foo =="], 1, ["getInvoices", "while exporting invoices"]),
        (["--base-url", "nowhere"], 2, ["base_url"]),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence(
    alone: Run, tmp_path: Path, arguments: list[str], code: int, words: list[str]
) -> None:
    """Wrong usage exits with 2 and Xero's refusals with 1, each with a sentence and without a file."""
    assert refuses(alone("export", str(tmp_path), *arguments), code, *words)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("arguments", [["--since", "yesterday"], ["--page-size", "0"], ["--page-size", "1001"]])
def test_options_out_of_range_are_wrong_usage(alone: Run, tmp_path: Path, arguments: list[str]) -> None:
    """A moment that is none and a page size that Xero does not take exit with 2."""
    assert alone("export", str(tmp_path), *arguments).code == 2


def test_without_credentials_the_variables_are_named(alone: Run) -> None:
    """With nothing to sign in with, the command says which variables to set."""
    result = alone("tenants", XERO_CLIENT_SECRET=None)
    assert refuses(result, 2, "XERO_CLIENT_ID", "XERO_CLIENT_SECRET", "XERO_ACCESS_TOKEN")


def test_a_token_from_elsewhere_signs_in_and_no_secret_is_shown(alone: Run) -> None:
    """XERO_ACCESS_TOKEN goes before the client's credentials; neither it nor a secret is in any message."""
    result = alone("tenants", XERO_ACCESS_TOKEN="planted-token")
    assert refuses(result, 1, "401")
    assert "planted-token" not in result.stdout + result.stderr
    result = alone("tenants", XERO_CLIENT_SECRET="planted-secret")
    assert refuses(result, 1, "invalid_client")
    assert "planted-secret" not in result.stdout + result.stderr
    shown = alone("export", "--help", XERO_CLIENT_SECRET="planted-secret").stdout
    assert "planted-secret" not in shown
