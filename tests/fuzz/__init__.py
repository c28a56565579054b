"""Inputs that nobody would think of, for all that reads what strangers write: `python -m tests.fuzz`.

A target is a module with ABOUT, one line; LONGEST, bytes of an input; WORDS that inputs of its kind are made of; `seeds()`, the
inputs that the others grow from; and `check(data)`, which raises when the product did what it must not.
"""
