"""Lines that repeat, as steps of a recurrence do, written as loops."""
