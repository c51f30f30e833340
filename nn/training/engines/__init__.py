"""The ways to find the gradients of a mini-batch, and the choice of one."""
