"""Programs, networks, planted faults and exercises to test with."""
