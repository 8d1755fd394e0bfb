"""The Python interface: the books of an ERP without a pipeline."""
