"""The engine: the table of primitives, Value, and the chain rule over recorded graphs."""
