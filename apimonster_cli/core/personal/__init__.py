"""What is somebody's own in a payload, a call or a log line, and how it is shown without showing it.

A mask keeps the value recognisable for those who know it: `+7 495 •••-••-12`, `i•••@example.com`, `И•••`. What is personal is
told by the `personal` of a catalogue's field, else by the name of the key (`words`), and in texts by the form of a phone or an
e-mail (`texts`).
"""

from apimonster_cli.core.personal.masks import KINDS, Kind, masked
from apimonster_cli.core.personal.record import Declared, Masks
from apimonster_cli.core.personal.texts import in_key, in_text

__all__ = ["KINDS", "Declared", "Kind", "Masks", "in_key", "in_text", "masked"]
