# ruff: noqa: INP001 -- a package here would be one more `tests` beside those of the taps
"""Properties are judged by what they say, not by how busy the machine is."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "properties",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
settings.load_profile("properties")
