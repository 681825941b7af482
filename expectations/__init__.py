"""Data contracts: the only package that imports Great Expectations. Nothing of its types leaves this package."""
