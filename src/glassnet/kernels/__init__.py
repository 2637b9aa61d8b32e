"""The few array operations that are worth compiling, with Numba; nothing here knows a network."""
