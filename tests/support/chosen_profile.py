"""Hypothesis profiles: how many examples each property is tried on, by CHALKGRAD_PROFILE."""

import os

from hypothesis import HealthCheck, Phase, settings

# Programs are large and many are thrown away, by design: neither is a fault of a strategy here.
SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)
# To explain a failure takes five times as long as to find and shrink it, each time that a test
# plants a fault to see it found.
PHASES = [phase for phase in Phase if phase is not Phase.explain]
settings.register_profile(
    "default", deadline=None, max_examples=100, suppress_health_check=SLOW, phases=PHASES
)
settings.register_profile("ci", settings.get_profile("default"), derandomize=True, print_blob=True)
settings.register_profile("long", settings.get_profile("default"), max_examples=2_000, phases=Phase)
PROFILE = os.environ.get("CHALKGRAD_PROFILE", "default")
settings.load_profile(PROFILE)
