"""Phones and e-mails in the middle of a text, known by their form."""

import re

from apimonster_cli.core.personal import masks, words

_AT = r"(?:@|%40|\\u0040)"
# Bounded, or a long text without an end to its words would be looked through anew from each of its letters.
_EMAIL = re.compile(rf"[^\s@<>\"'(),;:=&/?\[\]{{}}|\\{masks.SIGN}]{{1,64}}(?={_AT}[\w-]{{1,63}}(?:\.|%2[Ee])\w)")
_GAP = r"[ \u00a0\u2009\u202f().‐-―-]"
_PHONES = re.compile(
    rf"""
      (?<![\w+]) (?: \+ | %2B ) \d (?: {_GAP}{{0,3}} \d ){{6,14}} (?!\d)                  # +7 495 000-00-12
    | (?<![\w.+-]) (?: \d{{1,3}} [ -]? )? \( \d{{3,5}} \) [ -]? \d (?: [ -]? \d ){{4,7}} (?![\w-])  # 8 (495) 000-00-12
    | (?<![\w.+-]) (?: \d{{1,3}} [ -] )? \d{{3,4}} [ -] \d{{3}} [ -]? \d{{2}} [ -]? \d{{2}} (?![\w-])  # 8 495 000-00-12
    """,
    re.VERBOSE,
)
# A bare number is a phone after the word for one, and in free words where it is as long as one and begins like one.
_NAMED = re.compile(
    r"((?<![^\W_])(?:phones?|phone[ _-]?numbers?|mobile|msisdn|whatsapp|viber|телефон\w{0,3}|тел)"
    r"[\W_]{1,8}(?:(?:number|номер|is|no)[\W_]{1,4})?)(\d{7,15})(?!\d)",
    re.IGNORECASE,
)
_BARE = re.compile(r"(?<![\w.+-])(?:[78][3489]\d{9}|(?:380|375|998)\d{9})(?![\w-])")
_MAYBE = re.compile(r"\d(?:[\s().‐-―-]{0,3}\d){6}")
_KEY = re.compile(r".*@.*|\+?\(?(?:[\s().‐-―-]*\d){10,15}", re.DOTALL)
_PAIR = re.compile(r"""(["'])(\w[\w .\[\]-]{0,60})\1(\s*:\s*)(["'])((?:(?!\4)[^\\\n]|\\.){1,2000})\4""")

_SAID = re.compile(r'(?<![\w.])([\w.]{1,200}+)(: | is |=)"([^"\n]{1,300})"')


def in_text(text: str, *, free: bool = False) -> str:
    """Return a text with every phone and e-mail in it masked.

    free: words of a person, of a service or of ours, in which nothing else is likely to look like a bare phone. What stands there
    beside a telling key, as in half-readable JSON and in `field contact.name: "…"`, is masked as well.
    """
    if free and ('"' in text or "'" in text):
        text = _SAID.sub(_said, _PAIR.sub(_pair, text))
    if "@" in text or "%40" in text or "\\u0040" in text:
        text = _EMAIL.sub(lambda found: masks.beginning(found[0]), text)
    if _MAYBE.search(text) is None:
        return text
    text = _PHONES.sub(_phone, text)
    text = _NAMED.sub(lambda found: f"{found[1]}{masks.phone(found[2])}", text)
    return _BARE.sub(_phone, text) if free else text


def in_key(key: str) -> str:
    """Return what a thing goes by, for those who need not find it again: nothing of what may be an e-mail or a phone, of any country."""
    return masks.MASK if _KEY.fullmatch(key) else in_text(key, free=True)


def _phone(found: re.Match[str]) -> str:
    text = found[0]
    return f"%2B{masks.phone(text[3:])}" if text.startswith("%2B") else masks.phone(text)


def _pair(found: re.Match[str]) -> str:
    quote, key, colon, mark, value = found.groups()
    said = words.meaning(key)
    shown = _by_key(value, "name" if said in ("a name", "person") else said)
    return f"{quote}{key}{quote}{colon}{mark}{shown}{mark}"


def _said(found: re.Match[str]) -> str:
    path, between, value = found.groups()
    return f'{path}{between}"{_by_key(value, words.of_path(path))}"'


def _by_key(value: str, said: words.Meaning | None) -> str:
    if said is None or said in ("a name", "an id", "person"):
        return value
    return str(masks.masked(value, said))  # type: ignore[arg-type]  # what is no kind has been told apart
