import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apimonster_cli.connectors.retailcrm.external_id import derive


@pytest.mark.parametrize("identity", ["leads-order-700101", "a_b-C9", "x" * 120])
def test_a_safe_identity_is_its_own_id(identity: str) -> None:
    assert derive(identity) == identity


def test_an_unsafe_identity_stays_readable() -> None:
    assert re.fullmatch(r"leads-order-CUP-350-[0-9a-f]{24}", derive("leads:order/CUP 350"))


@given(st.text(max_size=300))
def test_an_id_has_safe_signs_and_a_bounded_length(identity: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{0,120}", derive(identity))


@given(st.text(max_size=300), st.text(max_size=300))
def test_different_identities_have_different_ids(first: str, second: str) -> None:
    assert (derive(first) == derive(second)) == (first == second)
