"""What the name of a key says about its value, in the languages of those who name keys here."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

from apimonster_cli.core.personal.masks import Kind

Meaning = Kind | Literal["person", "a name", "an id"]
"""person: somebody, or what they are called. a name: somebody's when what it stands in is about a person. an id: never personal."""

PASSING = frozenset({"filter"})
"""Keys that say nothing themselves: `filter[name]` asked of customers is a customer's name."""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# A key that ends so tells about a value, or names a thing: phone_type, regionId, emailMarketingUnsubscribedAt.
_ABOUT = _set(
    """id ids uuid type code codes iso count at date status valid verified confirmed enabled active is ref site url utm locked
    region country city zone offset format label"""
)
# What stands in a key, the strongest first: email_address is an e-mail, contactPhoneComment a phone.
_KINDS: Mapping[Kind, frozenset[str]] = {
    "ip": _set("ip ips ipaddress remoteaddr clientip"),
    "email": _set("email emails mail mailto почта емейл имейл"),
    "phone": _set(
        """phone phones tel telephone mobile msisdn cellphone phonenumber whatsapp viber ani callerid
        телефон телефоны тел мобильный"""
    ),
    "name": _set(
        """fio fullname firstname lastname middlename surname patronymic nickname nick fname lname mname username legalname
        telegram instagram skype фио имя фамилия отчество"""
    ),
    "address": _set(
        """address addresses street streetname house flat apartment building housing entrance адрес улица дом квартира"""
    ),
    "text": _set(
        """comment comments message text textarea note notes question description body error errors errormsg reason feedback
        комментарий сообщение вопрос примечание"""
    ),
}
_BIRTHDAY = _set("birthday birthdate birth dob рождения")
_PEOPLE = _set(
    """client clients customer customers contact contacts buyer buyers person persons lead leads recipient receiver sender user
    users visitor payer manager addressee клиент покупатель получатель менеджер"""
)
_WHOSE = _PEOPLE | _set("first last middle full given family sur nick f l m display legal author owner caller")
_WORD = re.compile(r"[A-ZА-ЯЁІЇЄ]+(?![a-zа-яёіїє])|[A-ZА-ЯЁІЇЄ]?[a-zа-яёіїє']+|\d+")
_LONGEST = 100  # a key that is longer is a text


@lru_cache(maxsize=4096)  # senders choose their keys: those that come again are few
def meaning(key: str) -> Meaning | None:
    """Return what a key says about its value; None when it says nothing."""
    words = [word.lower() for word in _WORD.findall(key[:_LONGEST])]
    plain = "".join(words)
    known = {plain, *words}
    if known & _BIRTHDAY:
        return "birthday"
    if words and words[-1] in _ABOUT:
        return "an id"
    if plain in _PEOPLE:
        return "person"
    if words[-1:] == ["name"] and _KINDS["email"].isdisjoint(known):
        return "a name" if len(words) == 1 else "name" if words[-2] in _WHOSE else None
    return next((kind for kind, telling in _KINDS.items() if known & telling), None)


def of_path(path: str) -> Meaning | None:
    """Return what a dotted path says, as errors name a field: `contact.name` is somebody's name, `product.name` nobody's."""
    keys = [key for key in path.split(".") if not key.isdigit()]
    said = meaning(keys[-1]) if keys else None
    if said == "a name":
        return "name" if len(keys) > 1 and meaning(keys[-2]) == "person" else None
    return "name" if said == "person" else said
