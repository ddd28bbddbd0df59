"""A stateful stand-in for Xero, embedded in the running event loop: a simulation, connected to nothing.

`Sandbox` listens on loopback and behaves like Xero's Accounting API: OAuth2 tokens, connections, documents that can
be created, listed, read and updated, call limits, idempotency keys, and faults on request.
"""

from __future__ import annotations

from .apps import App
from .control import Counters
from .documents import Documents
from .faults import Fault, FaultPlan
from .limits import SandboxLimits
from .server import Sandbox

__all__ = ["App", "Counters", "Documents", "Fault", "FaultPlan", "Sandbox", "SandboxLimits"]
