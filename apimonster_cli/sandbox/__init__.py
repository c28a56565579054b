"""A RetailCRM look-alike for the demo, for tests and for trying bundles."""
