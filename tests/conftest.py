"""Settings of all tests: property tests draw the same sample every time, so that a red test is red for everybody."""

import os

from hypothesis import settings

settings.register_profile("seeded", derandomize=True, deadline=None)
settings.register_profile("search", deadline=None, print_blob=True)
settings.load_profile(os.environ.get("MEGAWATT_HYPOTHESIS", "seeded"))
