"""What the tests of the taps share: answers of an ERP, and runs of a tap, whole or within."""
