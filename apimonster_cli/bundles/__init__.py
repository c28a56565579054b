"""YAML text to checked bundles, or every problem at once."""
