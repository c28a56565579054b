"""Signatures: what the libraries of the senders sign is taken, and nothing else."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from apimonster_cli.daemon.signature import compile_signature

OLD = "whsec_" + base64.b64encode(b"the old secret of 24 byt").decode()
NEW = "whsec_" + base64.b64encode(b"the new secret of 24 byt").decode()
NOW = datetime(2026, 3, 1, 9, 0, 0, tzinfo=UTC)
BODY = '{"name": "Анна"}'


def signed(secret: str, *, at: datetime = NOW, body: str = BODY) -> dict[bytes, bytes]:
    return {
        b"webhook-id": b"msg_1",
        b"webhook-timestamp": str(int(at.timestamp())).encode(),
        b"webhook-signature": Webhook(secret).sign("msg_1", at, body).encode(),
    }


def refusal(
    headers: dict[bytes, bytes], *secrets: str, now: datetime = NOW, tolerance: str | None = None
) -> str | None:
    setting = {"scheme": "standard-webhooks", "secret": secrets[0] if len(secrets) == 1 else list(secrets)}
    if tolerance:
        setting["tolerance"] = tolerance
    return compile_signature(setting).refusal(headers, BODY.encode(), now)


def test_takes_what_the_library_signs() -> None:
    assert refusal(signed(NEW), NEW) is None


def test_takes_any_of_several_secrets_and_signatures() -> None:
    both = signed(OLD)
    both[b"webhook-signature"] += b" v1a,asymmetric " + signed(NEW)[b"webhook-signature"]

    assert refusal(signed(OLD), OLD, NEW) is None
    assert refusal(signed(NEW), OLD, NEW) is None
    assert refusal(both, NEW) is None


def test_refuses_another_secret() -> None:
    assert refusal(signed(OLD), NEW) == "the signature does not fit the body and the secret"


def test_refuses_another_body() -> None:
    assert refusal(signed(NEW, body="{}"), NEW) == "the signature does not fit the body and the secret"


@pytest.mark.parametrize(("seconds", "taken"), [(-301, False), (-299, True), (299, True), (301, False)])
def test_refuses_a_moment_more_than_five_minutes_off(seconds: int, taken: bool) -> None:  # noqa: FBT001 - a table
    said = refusal(signed(NEW, at=NOW + timedelta(seconds=seconds)), NEW)

    assert (said is None) is taken


def test_takes_the_tolerance_of_the_connection() -> None:
    assert refusal(signed(NEW, at=NOW - timedelta(minutes=50)), NEW, tolerance="1h") is None


@pytest.mark.parametrize("missing", [b"webhook-id", b"webhook-timestamp", b"webhook-signature"])
def test_refuses_without_a_header(missing: bytes) -> None:
    headers = signed(NEW)
    del headers[missing]

    assert "are not all there" in (refusal(headers, NEW) or "")


@pytest.mark.parametrize("moment", [b"soon", b"-5", b"1e9", b"9" * 5000, "１２".encode()])
def test_refuses_a_moment_that_is_no_number(moment: bytes) -> None:
    assert "not a number" in (refusal({**signed(NEW), b"webhook-timestamp": moment}, NEW) or "")


@pytest.mark.parametrize("signature", [b"v1,", b"v1", b"v2,abc", b"\xff\xfe", b"v1,\xd0\xb0"])
def test_refuses_what_is_no_signature(signature: bytes) -> None:
    assert "does not fit" in (refusal({**signed(NEW), b"webhook-signature": signature}, NEW) or "")


@pytest.mark.parametrize("secret", ["whsec_", "whsec_A", ""])
def test_refuses_a_secret_that_cannot_be_one(secret: str) -> None:
    with pytest.raises(ValueError, match="base64"):
        compile_signature({"scheme": "standard-webhooks", "secret": secret})


DIGEST = hmac.new(b"plain secret", BODY.encode(), hashlib.sha256)


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        (DIGEST.hexdigest(), True),
        (DIGEST.hexdigest().upper(), True),
        ("sha256=" + DIGEST.hexdigest(), True),
        (base64.b64encode(DIGEST.digest()).decode(), True),
        ("sha256=" + base64.b64encode(DIGEST.digest()).decode(), True),
        (DIGEST.hexdigest()[:-1] + "x", False),
        ("0" * 64, False),
        ("a", False),
        ("", False),
    ],
)
def test_checks_a_plain_hmac(given: str, taken: bool) -> None:  # noqa: FBT001 - a table
    plain = compile_signature({"scheme": "hmac-sha256", "secret": "plain secret", "header": "X-Hub-Signature-256"})

    assert (plain.refusal({b"x-hub-signature-256": given.encode()}, BODY.encode(), NOW) is None) is taken


def test_names_the_header_that_is_missing() -> None:
    plain = compile_signature({"scheme": "hmac-sha256", "secret": "plain secret"})

    assert plain.refusal({}, b"", NOW) == "the header x-signature is not there"
