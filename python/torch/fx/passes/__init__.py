"""Changes of graphs, and looks at them."""
