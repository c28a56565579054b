"""Carries leads into a CRM: YAML bundles in, orders out, every transaction on record."""

__version__ = "0.1.0"
