"""Queues of the standard library under the names that they have had here; tensors travel in them as in all others."""

import multiprocessing.queues


class Queue(multiprocessing.queues.Queue):
    """:class:`multiprocessing.queues.Queue`, to be made with ``ctx=multiprocessing.get_context()``."""


class SimpleQueue(multiprocessing.queues.SimpleQueue):
    """:class:`multiprocessing.queues.SimpleQueue`, to be made with ``ctx=multiprocessing.get_context()``."""
