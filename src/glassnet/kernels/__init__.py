"""What is worth compiling, with Numba: array operations, and loops over many steps that use them.

Nothing here knows `Network`: here it is a flat vector, and a table of where its layers lie in it.
"""
