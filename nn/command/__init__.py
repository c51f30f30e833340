"""The command `chalkgrad`."""
