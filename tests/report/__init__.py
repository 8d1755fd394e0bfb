"""The close report, against models in real databases."""
