"""The rules of the house, as code that keeps them."""
