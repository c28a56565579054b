from typing import Any

import pytest

from apimonster_cli.connectors.webhook.signature import check_signature

SECRET = "invented-secret"


@pytest.mark.parametrize(
    "signature",
    [
        {"scheme": "standard-webhooks", "secret": SECRET},
        {"scheme": "standard-webhooks", "secret": SECRET, "tolerance": "5m"},
        {"scheme": "hmac-sha256", "secret": SECRET, "header": "X-Hub-Signature-256"},
        {"scheme": "hmac-sha256", "secret": [SECRET, "another-secret"]},
    ],
)
def test_a_whole_signature_is_taken(signature: Any) -> None:
    check_signature(signature)

    assert SECRET in signature["secret"]


@pytest.mark.parametrize(
    ("signature", "words"),
    [
        ({"secret": SECRET}, "needs a scheme"),
        ({"scheme": "md5", "secret": SECRET}, "needs a scheme"),
        ({"scheme": "hmac-sha256"}, "needs a secret"),
        ({"scheme": "hmac-sha256", "secret": "short"}, "needs a secret"),
        ({"scheme": "hmac-sha256", "secret": []}, "needs a secret"),
        ({"scheme": "hmac-sha256", "secret": [SECRET, "short"]}, "needs a secret"),
        ({"scheme": "standard-webhooks", "secret": "whsec_AAAAAAAAA"}, "base64"),
        ({"scheme": "hmac-sha256", "secret": SECRET, "algo": 1}, "algo is no key"),
        ({"scheme": "hmac-sha256", "secret": SECRET, "tolerance": "5m"}, "leave tolerance out"),
        ({"scheme": "hmac-sha256", "secret": SECRET, "header": 5}, "name of a header"),
        ({"scheme": "standard-webhooks", "secret": SECRET, "header": "X"}, "leave header out"),
        ({"scheme": "standard-webhooks", "secret": SECRET, "tolerance": "soon"}, "not a duration"),
    ],
)
def test_a_signature_that_cannot_work_is_refused(signature: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        check_signature(signature)

    assert SECRET not in str(caught.value)
