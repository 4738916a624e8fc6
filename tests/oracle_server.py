"""The oracle process: answers batches of requests with what the reference interpreter's ``torch`` does.

Started by :mod:`oracle` as ``<reference python> oracle_server.py``.  Messages on both pipes are a length of
8 bytes (little-endian) followed by a pickle of plain data: a list of requests in, a list of answers out.
"""

from __future__ import annotations

import os
import pickle
import struct
import sys


def main() -> None:
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever the library prints must not mix with the answers
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

    import torch
    import wire

    torch.set_num_threads(1)
    while True:
        head = requests.read(8)
        if len(head) < 8:
            return
        (size,) = struct.unpack("<Q", head)
        batch = pickle.loads(requests.read(size))
        reply = [("ok", ("v", torch.__version__), [], [])] if batch == "version" else [wire.run(r) for r in batch]
        data = pickle.dumps(reply, protocol=4)
        answers.write(struct.pack("<Q", len(data)))
        answers.write(data)
        answers.flush()


if __name__ == "__main__":
    main()
