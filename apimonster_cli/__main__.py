"""Lets `python -m apimonster_cli` do what `sync` does."""

from apimonster_cli.cli.main import main

main()
