"""Data that is not held whole: arrays mapped from files, and targets that are read in parts."""
