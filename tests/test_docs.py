"""README and docs say nothing that is not so: each YAML block is checked, each command parsed, each link followed."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import pytest

from apimonster_cli.bundles.load import load

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
ENVIRON = {
    "UTMSTAT_HOOK_TOKEN": "invented-token-of-docs",
    "CALLTOUCH_TOKEN": "invented-token-of-docs",
    "LANDING_HOOK_TOKEN": "invented-token-of-docs",
    "LANDING_SECRET": "invented-secret-of-docs",
    "RETAILCRM_API_KEY": "invented-key-of-docs",
    "TELEGRAM_TOKEN": "invented-token-of-docs",
    "SALESDRIVE_HOOK_TOKEN": "invented-token-of-docs",
    "TILDA_HOOK_TOKEN": "invented-token-of-docs",
    "OZON_HOOK_TOKEN": "invented-token-of-docs",
}
HEAD = """\
version: 1
connections:
  site-leads: {type: utmstat, token: "${UTMSTAT_HOOK_TOKEN}"}
  crm: {type: retailcrm, url: "https://demo.retailcrm.ru", api_key: "${RETAILCRM_API_KEY}", site: main}
bundles:
  shown:
    source: {event: utmstat.new_lead}
"""
WEBHOOK = HEAD.replace("type: utmstat", "type: webhook").replace("utmstat.new_lead", "webhook.received")
SALESDRIVE = HEAD.replace("type: utmstat", "type: salesdrive").replace("utmstat.new_lead", "salesdrive.new_order")
STEPS = """\
    steps:
      - id: order
        action: retailcrm.create_order
        fields:
"""
KNOWN = """\
    steps:
      - {id: known, action: retailcrm.find_order, fields: {phone: contact.phone}}
      - {id: order, action: retailcrm.create_order, fields: {firstName: contact.name}}
"""
WRAPPED = {
    "": ("", 0),
    "fields": (HEAD + STEPS, 10),
    "fields of a webhook": (WEBHOOK + STEPS, 10),
    "filter": (
        HEAD + "    steps: [{action: retailcrm.create_order, fields: {phone: contact.phone}}]\n    filter:\n",
        6,
    ),
    "steps of SalesDrive": (SALESDRIVE + "    steps:\n", 6),
    "steps": (HEAD + "    steps:\n", 6),
    "tests": (HEAD + "    filter: {status_id: [1, 2]}\n" + KNOWN + "    tests:\n", 6),
}


@dataclass(frozen=True)
class Block:
    """A fenced block: the page, the words behind the fence, the text."""

    page: str
    line: int
    language: str
    info: str
    text: str


def blocks(language: str) -> list[Block]:
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in re.finditer(r"^```(\w+) ?([^\n]*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            if match[1] == language:
                line = text.count("\n", 0, match.start()) + 1
                found.append(Block(str(page.relative_to(ROOT)), line, match[1], match[2].strip(), match[3]))
    return found


def named(block: Block) -> str:
    return f"{block.page}:{block.line}"


@pytest.mark.parametrize("block", blocks("yaml"), ids=named)
def test_each_yaml_block_passes_the_check(block: Block, tmp_path: Path) -> None:
    head, indent = WRAPPED[block.info]
    body = "".join(" " * indent + line if line.strip() else line for line in block.text.splitlines(keepends=True))
    (tmp_path / "bundles.yaml").write_text(head + body, encoding="utf-8")

    loaded = load([tmp_path / "bundles.yaml"], environ=ENVIRON, cwd=tmp_path)

    assert [problem.line() for problem in loaded.problems] == []


def commands() -> list[tuple[str, str]]:
    return [
        (named(block), line)
        for block in blocks("sh")
        for part in block.text.splitlines()
        for line in re.split(r"&&|;|\||docker compose exec apimonster|-- \S+/(?=apimonster )", part)
        if re.match(r"\s*(sync|apimonster)\s", line)
    ]


@pytest.mark.parametrize(("where", "line"), commands(), ids=[f"{where} {line.strip()}" for where, line in commands()])
def test_each_command_is_one_that_exists_with_options_that_exist(where: str, line: str) -> None:
    from apimonster_cli.cli.main import command_tree

    words = shlex.split(line, comments=True)[1:]
    context = command_tree().make_context("sync", list(words), resilient_parsing=False) if words else None
    assert context is not None, where
    name, command, rest = command_tree().resolve_command(context, [*context._protected_args, *context.args])
    assert command is not None
    command.make_context(name, rest, parent=context)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_each_link_leads_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))

    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_readme_begins_with_the_two_commands() -> None:
    first, second = [block.text for block in blocks("sh") if block.page == "README.md"][:2]

    assert "sync demo" in first
    assert "pytest" in second
