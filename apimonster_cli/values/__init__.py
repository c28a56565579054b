"""The language of a field map: paths, templates, conditions, conversion. Pure: no files, no network, no clock of its own."""
