"""The fault run in its short form, and proof that its audit would see what it looks for."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from cutting_proxy import Exchange
from fault_audit import Run, audit
from fault_deeds import Call, Claim
from fault_run import run_seed
from leaping import leap

from xero_async import OutcomeUnknown, RetryPolicy, XeroError
from xero_async.sandbox import SandboxLimits

TENANT, MARK = "t", "m0000000x"


@pytest.mark.parametrize("seed", range(3))
def test_the_client_tells_the_truth_whatever_goes_wrong(seed: int) -> None:
    """Through drops, cuts, stalls, 429s, 5xx and HTML, nothing is lost, doubled, unknown without need, or too fast."""
    run = leap(run_seed(seed, 150))
    assert audit(run).faults == []
    # Things did go wrong, of most kinds, and most calls survived them.
    assert len(run.injected) > 8
    assert run.replays
    assert sum(call.error is None for call in run.calls) > len(run.calls) * 2 // 3


# Below, changes are Any: each is checked by the struct that it makes.

# -- the audit itself --------------------------------------------------------------------------------------------------


def sent(**changes: Any) -> Exchange:
    """A write that was done, as the proxy sees it, but for some changes."""
    fields: dict[str, Any] = {
        "method": "PUT",
        "target": "/",
        "headers": {"xero-tenant-id": TENANT, "idempotency-key": f"{TENANT}:1"},
        "body": f"{MARK}0".encode(),
        "arrived": 1.0,
        "left": 1.1,
        "served": True,
        "status": 200,
        "whole": True,
    }
    return Exchange(**{**fields, **changes})


def run_of(*seen: Exchange, held: int = 1, **changes: Any) -> Run:
    """A run of one write, in which all is as it should be but for some changes."""
    call = Call(tenant=TENANT, mark=MARK, write=True, keyed=True, attempts=len(seen), ended=1.2)
    fields: dict[str, Any] = {
        "seed": 0,
        "policy": RetryPolicy(),
        "limits": SandboxLimits(),
        "calls": [call],
        "claims": [Claim(TENANT, f"{MARK}0", "done")],
        "seen": list(seen),
        "held": {TENANT: Counter({f"{MARK}0": held})},
        "rejections": {},
        "injected": {},
        "replays": 0,
        "left_over": {},
        "seconds": 2.0,
        "told": [],
        "secrets": {"s3cr3t"},
    }
    return Run(**{**fields, **changes})


def ended(error: XeroError, **changes: Any) -> list[Call]:
    """The call, ended by an error."""
    fields: dict[str, Any] = {"tenant": TENANT, "mark": MARK, "write": True, "keyed": True, "attempts": 1, "ended": 2.0}
    fields |= {"error": error, **changes}
    return [Call(**fields)]


LOST = sent(status=None, whole=False)
UNKNOWN = [Claim(TENANT, f"{MARK}0", "unknown")]
NO_KEY = {"xero-tenant-id": TENANT}


def test_a_good_run_passes() -> None:
    """What went well is found well."""
    assert audit(run_of(sent())).faults == []
    assert audit(run_of(LOST, sent(arrived=2.0, left=2.1))).faults == []


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (run_of(sent(), held=2), "doubled"),
        (run_of(sent(), held=0), "lost"),
        (run_of(sent(), claims=[Claim(TENANT, f"{MARK}0", "done", removed=True)]), "lost"),
        (run_of(sent(), claims=[Claim(TENANT, f"{MARK}0", "not done")]), "told to be undone"),
        (run_of(LOST, calls=ended(OutcomeUnknown("?")), claims=UNKNOWN), "unknown without need"),
        (run_of(sent(status=400), calls=ended(OutcomeUnknown("?")), claims=UNKNOWN), "unknown without need"),
        (run_of(*[sent(arrived=9.0 * at, left=9.0 * at) for at in range(6)]), "6 attempts"),
        (run_of(LOST, sent(headers=NO_KEY), calls=ended(OutcomeUnknown("?"), keyed=False)), "sent again without a key"),
        (run_of(LOST, sent(body=f" {MARK}0".encode())), "other bytes"),
        (run_of(LOST, sent(headers={**NO_KEY, "idempotency-key": f"{TENANT}:2"})), "keys {"),
        (run_of(sent(headers={**NO_KEY, "idempotency-key": "1"})), "no key of the tenant"),
        (run_of(LOST, sent(arrived=250.0, left=250.1)), "was used for 249 s"),
        (run_of(*[sent(left=5.0)] * 6), "6 calls at once"),
        (run_of(*[sent()] * 61), "over 60 arrivals"),
        (run_of(sent(), rejections={"minute": 1}), "rejected for true limits"),
        (run_of(sent(), left_over={TENANT: 1}), "never given back"),
        (run_of(sent(), told=["Bearer s3cr3t"]), "a secret is in"),
        (run_of(sent(), calls=ended(XeroError("s3cr3t"))), "a secret is in"),
        (run_of(sent(body=b"")), "belong to no call"),
    ],
)
def test_the_audit_sees(run: Run, words: str) -> None:
    """Whatever breaks a promise is among what the audit finds."""
    assert any(words in fault for fault in audit(run).faults)
