"""StatefulDataLoader resumed in the middle of an epoch, with shuffling; nodes: map, batch, prefetch."""

import torch
from figures import show
from torch.utils.data import Dataset
from torchdata.nodes import Batcher, IterableWrapper, Loader, Mapper
from torchdata.stateful_dataloader import StatefulDataLoader

IMPORT = "torchdata.stateful_dataloader"


class Squares(Dataset):
    def __len__(self) -> int:
        return 40

    def __getitem__(self, index: int) -> int:
        return index * index


torch.manual_seed(0)
loader = StatefulDataLoader(Squares(), batch_size=4, shuffle=True)
seen, state = [], None
for number, batch in enumerate(loader):
    seen.append(batch)
    if number == 4:
        state = loader.state_dict()
        break
show("first", seen, 0.0)
again = StatefulDataLoader(Squares(), batch_size=4, shuffle=True)
again.load_state_dict(state)
show("rest", list(again), 0.0)
nodes = Loader(Batcher(Mapper(IterableWrapper(range(10)), lambda v: torch.tensor(v) ** 2), 3, drop_last=False))
show("nodes", [torch.stack(batch) for batch in nodes], 0.0)
