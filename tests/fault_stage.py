"""The stage of a fault run: a sandbox, a proxy before it, a client before that, and an ear for all that is said.

Client, proxy and sandbox share one loop with a leaping clock, so everything runs with its everyday settings.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from cutting_proxy import CuttingProxy, cutting
from fault_audit import Run
from fault_deeds import Book, Doer, current, holdings
from msgspec import Struct

from xero_async import Attempt, ClientCredentials, Contact, Limits, RetryPolicy, Xero
from xero_async.sandbox import Sandbox, SandboxLimits

__all__ = ["Stage", "staged"]

EPOCH = 1_790_000_000.0


class Ear(logging.Handler):
    """Hears all that is logged from DEBUG on and all that the hook is told."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.told: list[str] = []

    async def __aenter__(self) -> None:
        root = logging.getLogger()
        self._level = root.level
        root.setLevel(logging.DEBUG)
        root.addHandler(self)

    async def __aexit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self)
        logging.getLogger().setLevel(self._level)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record: what it says, with its traceback, and what it was made of."""
        self.told.append(f"{self.format(record)} {record.args!r}")

    def attempt(self, attempt: Attempt) -> None:
        """Keep what the hook is told, and count the attempts of the call that is being made."""
        self.told.append(repr(attempt))
        call = current.get(None)
        if call is not None:
            call.attempts += 1


class Stage(Struct):
    """Everything that takes part."""

    sandbox: Sandbox
    proxy: CuttingProxy
    xero: Xero
    ear: Ear
    limits: SandboxLimits
    policy: RetryPolicy
    contacts: dict[str, str]
    """By tenant, a contact that is there."""
    book: Book

    def doer(self, tenant: str, *, bulk: bool = False) -> Doer:
        """Somebody who makes calls for a tenant."""
        return Doer(self.xero.tenant(tenant, bulk=bulk), self.book, self.contacts[tenant])

    def run(self, seed: int = 0) -> Run:
        """All that is known, for the audit."""
        tenants = self.sandbox.tenants
        counters = self.sandbox.counters
        return Run(
            seed=seed,
            policy=self.policy,
            limits=self.limits,
            calls=self.book.calls,
            claims=self.book.claims,
            seen=self.proxy.seen,
            held={tenant: holdings(self.sandbox, tenant, self.contacts[tenant]) for tenant in tenants},
            rejections=counters.rejections,
            injected=counters.injected,
            replays=counters.replays,
            left_over={tenant: self.xero.tenant(tenant).limits.in_flight for tenant in tenants},
            seconds=asyncio.get_running_loop().time(),
            told=self.ear.told,
            secrets=_secrets(self.sandbox, self.proxy),
        )


@asynccontextmanager
async def staged(limits: SandboxLimits, *, tenants: int = 1, seed: int = 0) -> AsyncGenerator[Stage]:
    """Set the stage; nothing goes wrong as yet. The client keeps the very limits that the sandbox has."""
    loop = asyncio.get_running_loop()
    ear, policy = Ear(), RetryPolicy()
    kept = Limits(concurrent=limits.concurrent, minute=limits.minute, day=limits.day, app_minute=limits.app_minute)
    async with (
        ear,
        Sandbox(seed=seed, tenants=tenants, limits=limits, clock=lambda: EPOCH + loop.time()) as sandbox,
        cutting(sandbox.base_url) as proxy,
        Xero(
            ClientCredentials(sandbox.client_id, sandbox.client_secret),
            base_url=proxy.base_url,
            identity_url=proxy.base_url,
            limits=kept,
            retry=policy,
            on_attempt=ear.attempt,
        ) as xero,
    ):
        contacts = {tenant: await _a_contact(xero, tenant) for tenant in sandbox.tenants}
        proxy.seen.clear()
        yield Stage(sandbox, proxy, xero, ear, limits, policy, contacts, Book())


async def _a_contact(xero: Xero, tenant: str) -> str:
    (contact,) = await xero.tenant(tenant).contacts.create([Contact(name="Keeper of notes")])
    assert contact.contact_id
    return contact.contact_id


def _secrets(sandbox: Sandbox, proxy: CuttingProxy) -> set[str]:
    """What nobody may see: the client's secret, and each token that went by."""
    shown = {exchange.headers.get("authorization", "").rpartition(" ")[2] for exchange in proxy.seen}
    return {sandbox.client_secret, *shown} - {""}
