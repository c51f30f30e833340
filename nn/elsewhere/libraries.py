"""The libraries of others, imported when they are first needed; see `autograd.asked`."""

from autograd import asked

LOWEST, is_older, library = asked.LOWEST, asked.is_older, asked.library
