"""The command `chalkgrad check`: `command` asks, and a child process, `child`, answers."""
