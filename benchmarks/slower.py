"""Cases known to be slower than PyTorch, and why: ``run.py --check`` lets them pass and reports show the cause."""

SLOWER: dict = {}
