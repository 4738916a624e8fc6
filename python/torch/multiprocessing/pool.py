"""Pool of the standard library under the name that it has had here."""

import multiprocessing.pool


class Pool(multiprocessing.pool.Pool):
    """:class:`multiprocessing.pool.Pool`; tensors among arguments and results travel as handles of shared memory."""
