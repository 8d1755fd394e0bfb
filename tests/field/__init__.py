"""A second opinion: servers written from the vendors' documents alone, and what taps make of them.

Nothing here knows the simulator or the taps' code, so a belief that those two share shows here.
"""
