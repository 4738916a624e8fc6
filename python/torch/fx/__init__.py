"""Programs as graphs that Python can read and rewrite."""
