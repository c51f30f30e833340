"""Hypothesis profiles: how many examples each property is tried on, by CHALKGRAD_PROFILE."""

import os

from hypothesis import HealthCheck, settings

# Programs are large and many are thrown away, by design: neither is a fault of a strategy here.
SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)
settings.register_profile("default", deadline=None, max_examples=100, suppress_health_check=SLOW)
settings.register_profile("ci", settings.get_profile("default"), derandomize=True, print_blob=True)
settings.register_profile("long", settings.get_profile("default"), max_examples=2_000)
PROFILE = os.environ.get("CHALKGRAD_PROFILE", "default")
settings.load_profile(PROFILE)
