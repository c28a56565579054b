"""The search for secrets finds each, however it is written and wherever it lies."""

import base64
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apimonster_cli.bundles.substitute import read_env
from tests.acceptance.canaries import IN_FILE, SECRETS, VARIABLES, Search, write_env, writings

_NAMES = sorted(SECRETS)
_ALL = Search(SECRETS)
_WRITTEN = [(name, how, form) for name in _NAMES for how, form in writings(SECRETS[name])]


@pytest.mark.parametrize("name", _NAMES)
def test_finds_a_secret_in_each_writing(name: str) -> None:
    unseen = [how for how, form in writings(SECRETS[name]) if not _named(name, b"before " + form + b" after")]

    assert unseen == []


@pytest.mark.parametrize("name", _NAMES)
@pytest.mark.parametrize("before", ["", "u", "us", "user:"])
def test_finds_a_secret_inside_of_a_longer_encoded_text(name: str, before: str) -> None:
    text = f"{before}{SECRETS[name]} and more".encode()

    for encoded in (base64.b64encode(text), base64.urlsafe_b64encode(text), text.hex().encode()):
        assert _named(name, encoded)


@pytest.mark.parametrize("name", _NAMES)
def test_finds_half_of_a_secret(name: str) -> None:
    secret = SECRETS[name]

    assert _named(name, secret[:12].encode() + "…".encode())
    assert _named(name, b"..." + secret[-12:].encode())
    assert _named(name, quote(secret[: len(secret) // 2]).encode())


@given(st.text(min_size=12, max_size=40).filter(lambda text: "\0" not in text), st.binary(), st.binary())
def test_finds_any_secret(secret: str, before: bytes, after: bytes) -> None:
    search = Search({"ANY": secret})

    unseen = [how for how, form in writings(secret) if not search.text(before + form + after)]

    assert unseen == []


def test_finds_nothing_where_there_is_none() -> None:
    text = json.dumps({"key": "•••", "text": "Заявка 12, событие 9f3b", "token": "${LEADS_HOOK}"}).encode() * 100

    assert _ALL.text(text) == []


def test_tells_the_secret_and_how_it_is_written(tmp_path: Path) -> None:
    token = base64.b64encode(f"partner:{SECRETS['CRM_KEY']}".encode())
    (tmp_path / "run.log").write_bytes(b"Authorization: Basic " + token)
    (tmp_path / ".env").write_text(SECRETS["PROMO"], encoding="utf-8")  # by right

    assert list(_ALL.folder(tmp_path)) == ["the file run.log holds the secret CRM_KEY, base64"]


def test_finds_a_secret_that_is_in_pieces_in_the_file(tmp_path: Path) -> None:
    encoded = base64.b64encode(SECRETS["LANDING_SECRET"].encode()).decode()
    store = tmp_path / "apimonster.db"
    with closing(sqlite3.connect(store, isolation_level=None)) as database:
        database.execute("CREATE TABLE calls (answer TEXT)")
        for start in range(4900, 4960, 5):  # somewhere there a page ends
            database.execute("DELETE FROM calls")
            database.execute("INSERT INTO calls VALUES (?)", ("x" * start + encoded + "y" * (9000 - start),))
            database.execute("VACUUM")
            if not _ALL.text(store.read_bytes()):
                break

    found = list(_ALL.folder(tmp_path))

    assert _ALL.text(store.read_bytes()) == []
    assert found == ["the table calls of apimonster.db holds the secret LANDING_SECRET, base64"]


def test_the_secrets_are_told_apart() -> None:
    for name, how, form in _WRITTEN:
        assert [found.partition(",")[0] for found in _ALL.text(form)] == [name], how


def test_writes_an_env_file_that_is_read_as_it_is_meant(tmp_path: Path) -> None:
    write_env(tmp_path)

    assert read_env((tmp_path / ".env").read_text(encoding="utf-8")) == {name: VARIABLES[name] for name in IN_FILE}


def _named(name: str, text: bytes) -> bool:
    return any(found.startswith(f"{name},") for found in _ALL.text(text))
