"""A bad day: faults, kills, leaks, junk and crowds, for every tap by the same tests.

The taps run in processes of their own against the simulator. What they have printed is loaded as a
warehouse would, and must be what an undisturbed run gives.
"""
