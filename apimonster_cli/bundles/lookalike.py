"""Letters that look like other letters: a Cyrillic о in a Latin word, a space that is none."""

_CYRILLIC = "АВЕІКМНОРСТУХЅЈаеіорсухѕј"
_LATIN = "ABEIKMHOPCTYXSJaeiopcyxsj"
INVISIBLE = frozenset("\u00a0\u00ad\u200b\u200c\u200d\u2060\u202f\ufeff")
_TWINS = {**str.maketrans(_CYRILLIC, _LATIN), **dict.fromkeys(map(ord, INVISIBLE))}


def odd_space(sign: str) -> str:
    """Return what is said of a sign that was copied from a web page or a word processor in place of a space."""
    return f"this looks like a space and is another sign (U+{ord(sign):04X}); put a plain space here"


def latin(word: str) -> str:
    """Return the word with Latin letters in place of those that look like them, and without what nobody sees."""
    return word.translate(_TWINS)


def stranger(message: str, meant: str) -> str | None:
    """Return what is strange about the word of `message` that looks like `meant` and yet is another; None without one."""
    for word in message.split(" "):
        if word != meant and latin(word) == meant:
            sign = next(sign for sign in word if ord(sign) in _TWINS)
            return f"it has an invisible U+{ord(sign):04X}" if sign in INVISIBLE else f"its {sign} is a Cyrillic letter"
    return None
