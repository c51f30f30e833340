"""Other libraries, and programs on their arrays: who is there, and batches on their devices."""
