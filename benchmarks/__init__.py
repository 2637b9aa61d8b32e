"""Side-by-side measurements against other libraries, on the same work in the same run."""
