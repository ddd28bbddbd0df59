"""The public names: those that are listed, all of them, and nothing besides."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import subprocess
import sys
from types import ModuleType

import pytest

import xero_async
from xero_async import auth, models, scopes, telemetry, testing, webhooks, wire
from xero_async.wire import errors

PACKAGES = [xero_async, models, wire, auth, errors, scopes, telemetry, testing, webhooks]

MODULES = [
    importlib.import_module(info.name)
    for room in (models, wire, auth)
    for info in pkgutil.iter_modules(room.__path__, f"{room.__name__}.")
]


def public(module: ModuleType) -> set[str]:
    """The names that an editor offers, but for modules that are only there because they were imported."""
    return {name for name, value in vars(module).items() if not name.startswith("_") and not inspect.ismodule(value)}


def listed(package: ModuleType) -> list[str]:
    """The names of `__all__`."""
    names: list[str] = package.__all__
    return names


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_every_listed_name_is_there(package: ModuleType) -> None:
    """Each name of `__all__` resolves, and is listed once."""
    assert len(set(listed(package))) == len(listed(package))
    assert [name for name in listed(package) if not hasattr(package, name)] == []


@pytest.mark.parametrize("package", [xero_async, models, wire, auth], ids=lambda package: package.__name__)
def test_every_name_is_listed(package: ModuleType) -> None:
    """A name that a package offers is in its `__all__`: none leaks from an import."""
    names = {name for name in listed(package) if not inspect.ismodule(getattr(package, name))}
    assert names - {"__version__"} == public(package) - {"annotations"}


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_modules_list_what_they_define(module: ModuleType) -> None:
    """Each class and function that a module of the lower rooms defines for others is in its `__all__`."""
    defined = {
        name
        for name in public(module)
        if (inspect.isclass(value := getattr(module, name)) or inspect.isfunction(value))
        and value.__module__ == module.__name__
    }
    assert defined - set(listed(module)) == set()
    assert [name for name in listed(module) if not hasattr(module, name)] == []


@pytest.mark.parametrize(
    "name",
    ["Xero", "Tenant", "ClientCredentials", "StaticToken", "Invoice", "LineItem", "Contact", "XeroError", "Limits"],
)
def test_the_names_that_users_rely_on(name: str) -> None:
    """What the README imports is importable from the top, and is documented."""
    assert inspect.getdoc(getattr(xero_async, name))


def test_every_public_class_and_function_is_documented() -> None:
    """Each public class or function says what it is, in words of its own."""
    values = {name: getattr(xero_async, name) for name in listed(xero_async)}
    described = {name: value for name, value in values.items() if inspect.isclass(value) or inspect.isfunction(value)}
    assert [name for name, value in described.items() if not value.__doc__] == []


def test_records_and_errors_are_the_same_everywhere() -> None:
    """A record or an error imported from the top is the one of its own module."""
    assert all(getattr(xero_async, name) is getattr(models, name) for name in listed(models))
    assert all(getattr(xero_async, name) is getattr(errors, name) for name in listed(errors))


def test_the_lower_rooms_import_nothing_of_the_upper_ones() -> None:
    """`models`, `wire` and `auth` load without the tables, the session or the sandbox."""
    script = (
        "import sys, types; root = types.ModuleType('xero_async'); root.__path__ = [sys.argv[1]]; "
        "sys.modules['xero_async'] = root; import xero_async.models, xero_async.wire, xero_async.auth; "
        "print(sorted({name.split('.')[1] for name in sys.modules if name.startswith('xero_async.')}))"
    )
    (path,) = xero_async.__path__
    out = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "['auth', 'models', 'wire']"
