"""What codes and tokens are worth, as a state machine against a model of its rules."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule
from msgspec import msgpack

from xero_async.sandbox.grants import Consent, Denied, Grants, Kept, challenge_of

MINUTE, DAY = 60.0, 86_400.0
CONSENT = Consent("app", ("offline_access",), "event", 0.0)
VERIFIERS = "0123456789-._~abcdefghijklmnopqrstuvwxyzABC"


class Rotation(RuleBasedStateMachine):
    """Refresh tokens are used, used again and forgotten while the clock goes on.

    The model knows of each token when it dies: 60 days after it was given out, and 30 minutes after its first use.
    """

    tokens = Bundle("tokens")
    codes = Bundle("codes")

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000_000.0
        self.grants = Grants(lambda: self.now)
        self.dies: dict[str, float] = {}
        self.used: set[str] = set()

    @rule(target=tokens)
    def sign_in(self) -> str:
        """A user lets the app in."""
        return self.given(self.grants.new_refresh(CONSENT))

    @rule(target=codes)
    def come_back(self) -> tuple[str, float]:
        """A user is sent back with a code."""
        return self.grants.new_code(CONSENT, "https://app", ""), self.now + 5 * MINUTE

    @rule(code=consumes(codes))
    def exchange(self, code: tuple[str, float]) -> None:
        """A code works within five minutes, and never twice."""
        text, until = code
        assert works(self.grants, text) is (self.now < until)
        assert not works(self.grants, text)

    @rule(target=tokens, token=tokens)
    def refresh(self, token: str) -> str:
        """A token is used: it works as long as the model has it live, and gives another."""
        if self.now >= self.dies[token]:
            with pytest.raises(Denied) as denied:
                self.grants.rotate(token, "app")
            assert denied.value.error == "invalid_grant"
            return token
        consent, new = self.grants.rotate(token, "app")
        assert consent == CONSENT
        assert new not in self.dies
        if token not in self.used:
            self.used.add(token)
            self.dies[token] = min(self.dies[token], self.now + 30 * MINUTE)
        return self.given(new)

    @rule(token=tokens)
    def steal(self, token: str) -> None:
        """Another app gets nothing for the token, and takes nothing from it."""
        with pytest.raises(Denied):
            self.grants.rotate(token, "other")

    @rule(seconds=st.sampled_from([1.0, 5 * MINUTE, 29 * MINUTE, 30 * MINUTE, DAY, 60 * DAY - 5 * MINUTE, 60 * DAY]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now += seconds

    @rule()
    def restart(self) -> None:
        """What is remembered is written down and taken up again."""
        kept = msgpack.decode(msgpack.encode(self.grants.kept), type=Kept)
        self.grants = Grants(lambda: self.now)
        self.grants.kept = kept

    @invariant()
    def every_living_token_is_known(self) -> None:
        """No token is lost before its time."""
        living = {token for token, until in self.dies.items() if self.now < until}
        assert all(self.grants.consent_of(token, "app") == CONSENT for token in living)

    def given(self, token: str) -> str:
        """Note a new token."""
        self.dies[token] = self.now + 60 * DAY
        return token


Rotation.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestRotation = Rotation.TestCase


def works(grants: Grants, code: str) -> bool:
    """Whether a code can be exchanged."""
    try:
        grants.redeem(code, "app", "https://app", "")
    except Denied:
        return False
    return True


def test_a_challenge_is_the_one_of_the_standard() -> None:
    """The example of RFC 7636, appendix B."""
    assert challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@pytest.mark.parametrize(
    ("verifier", "works"),
    [
        (VERIFIERS, True),
        (VERIFIERS[:42], False),
        (VERIFIERS * 3, False),
        ((VERIFIERS * 3)[:128], True),
        (VERIFIERS[:42] + "!", False),
        (VERIFIERS[:42] + "é", False),
        ("", False),
    ],
)
def test_a_verifier_has_43_to_128_letters(verifier: str, works: bool) -> None:
    """A verifier of another length or with other letters is refused, even where its challenge fits."""
    grants = Grants(lambda: 0.0)
    code = grants.new_code(CONSENT, "https://app", challenge_of(verifier))
    if works:
        assert grants.redeem(code, "app", "https://app", verifier) == CONSENT
    else:
        with pytest.raises(Denied, match="invalid_grant"):
            grants.redeem(code, "app", "https://app", verifier)


def test_a_code_is_spent_by_whoever_tries_it() -> None:
    """A wrong verifier, address or app spends the code, so that nothing can be tried out on it."""
    grants = Grants(lambda: 0.0)
    for client_id, address, verifier in [
        ("app", "https://app", VERIFIERS[::-1]),
        ("app", "https://other", VERIFIERS),
        ("other", "https://app", VERIFIERS),
    ]:
        code = grants.new_code(CONSENT, "https://app", challenge_of(VERIFIERS))
        with pytest.raises(Denied):
            grants.redeem(code, client_id, address, verifier)
        with pytest.raises(Denied):
            grants.redeem(code, "app", "https://app", VERIFIERS)


def test_the_long_dead_are_forgotten() -> None:
    """Tokens do not pile up: those dead for a day go, those that died lately are still told from unknown ones."""
    now = 0.0
    grants = Grants(lambda: now)
    for number in range(6_000):
        now += MINUTE
        grants.admit(f"token {number}", CONSENT)
    assert len(grants.kept.access) < 4_000
    assert "token 5000" in grants.kept.access
