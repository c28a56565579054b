"""Tests of the loops of the running program."""
