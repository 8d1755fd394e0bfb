"""The documentation, carried out: what it tells a reader to type does what it says."""
