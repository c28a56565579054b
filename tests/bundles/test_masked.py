"""The lines that problems show: no secret in them, and every column where it was."""

from pathlib import Path

import pytest

from apimonster_cli.bundles.load import Loaded, load, load_text

SECRET = 'Ke-y"9f3b\\é-abc'


def loaded(text: str, **variables: str) -> Loaded:
    return load_text(text, environ=variables, file="bundles.yaml", folder=Path("/nowhere"))


def crm(key: str, *more: str) -> str:
    lines = [
        "version: 1",
        "connections:",
        "  crm:",
        "    type: retailcrm",
        "    url: https://demo.retailcrm.ru",
        f"    {key}",
    ]
    return "\n".join([*lines, *(f"    {line}" for line in more)]) + "\n"


@pytest.mark.parametrize(
    "key",
    [
        "api_key: 'Ke-y\"9f3b\\é-abc'",
        'api_key: "Ke-y\\"9f3b\\\\é-abc"',
        'api_key: Ke-y"9f3b\\é-abc  # the key',
        "api_kye: 'Ke-y\"9f3b\\é-abc'",
        'tokn: Ke-y"9f3b\\é-abc',
    ],
    ids=["single quotes", "double quotes", "plain", "a key mistyped", "another key mistyped"],
)
def test_a_secret_is_masked_sign_by_sign(key: str) -> None:
    text = crm(key)

    shown = loaded(text).sources["bundles.yaml"]

    assert "9f3b" not in "\n".join(shown)
    assert [len(line) for line in shown] == [len(line) for line in text.split("\n")]
    assert shown[4] == "    url: https://demo.retailcrm.ru"


def test_a_secret_of_several_lines_is_masked_in_all_of_them() -> None:
    shown = loaded(crm("api_key: |", "  -----BEGIN-----", "  abcdefgh", "  -----END-----", "site: main")).sources[
        "bundles.yaml"
    ]

    assert [line.strip(" •") for line in shown[6:10]] == ["", "", "", "site: main"]


def test_a_secret_is_masked_where_it_stands_again() -> None:
    shown = loaded(crm("api_key: 'Ke-y\"9f3b\\é-abc'", "site: 'Ke-y\"9f3b\\é-abc'")).sources["bundles.yaml"]

    assert shown[6] == f"    site: '{'•' * len(SECRET)}'"


def test_the_name_of_a_variable_is_left() -> None:
    shown = loaded(crm('api_key: "${CRM_KEY}"', "site: ${MISSING}"), CRM_KEY=SECRET).sources["bundles.yaml"]

    assert shown[5:7] == ['    api_key: "${CRM_KEY}"', "    site: ${MISSING}"]


@pytest.mark.parametrize(
    "line",
    [
        'token: "abcdefgh12345',
        "token: 'abcdefgh12345' x",
        "{type: http, api_key: abcdefgh12345, url: x",
        "Authorization: Bearer abcdefgh12345: x",
        "X-Api-Key: [abcdefgh12345",
        "secret: |\n      abcdefgh12345\n    : [",
    ],
)
def test_in_a_file_that_cannot_be_read_all_behind_the_name_of_a_secret_is_masked(line: str) -> None:
    text = crm(line)

    result = loaded(text)

    assert result.problems
    assert "abcdefgh" not in "\n".join(result.sources["bundles.yaml"])
    assert len(result.sources["bundles.yaml"][5]) == len(text.split("\n")[5])


def test_a_file_that_is_no_utf8_shows_no_secret(tmp_path: Path) -> None:
    (tmp_path / "bundles.yaml").write_bytes(crm("api_key: abcdefgh12345", "site: \xe9").encode("latin-1"))

    result = load(None, environ={}, cwd=tmp_path)

    assert [problem.rule for problem in result.problems] == ["syntax"]
    assert "abcdefgh" not in "\n".join(result.sources["bundles.yaml"])


@pytest.mark.parametrize(
    ("header", "inside"),
    [("Bearer abcdefgh12345", "abcdefgh12345"), ("Basic dXNlcjphYmNkZWZnaDEyMzQ1", "abcdefgh12345")],
    ids=["bearer", "basic"],
)
def test_what_is_inside_of_a_header_is_a_secret_by_itself(header: str, inside: str) -> None:
    text = f"""\
version: 1
connections:
  partner: {{type: http, url: "https://partner.example", headers: {{Authorization: "{header}"}}}}
bundles: {{}}
"""

    config = loaded(text).config

    assert config
    assert config.redactor.text(f"the token {inside} is wrong") == "the token ••• is wrong"
