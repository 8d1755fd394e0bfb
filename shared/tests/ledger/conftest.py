"""Properties are judged by what they say, not by how busy the machine is."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "ledger",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
settings.load_profile("ledger")
