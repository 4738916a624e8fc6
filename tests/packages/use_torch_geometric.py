"""GCN, GAT, GraphSAGE and GIN on a random graph, 10 steps of Adam each; batches, pooling, transforms, NeighborLoader-free."""

import torch
from figures import show
from torch_geometric.data import Batch, Data
from torch_geometric.datasets import FakeDataset
from torch_geometric.loader import DataLoader
from torch_geometric.nn import GATConv, GCNConv, GINConv, SAGEConv, global_mean_pool
from torch_geometric.transforms import AddSelfLoops, NormalizeFeatures
from torch_geometric.utils import degree, scatter, softmax, to_dense_adj, to_undirected

IMPORT = "torch_geometric"

torch.manual_seed(0)
nodes = 40
edges = to_undirected(torch.randint(nodes, (2, 90)))
data = Data(x=torch.rand(nodes, 12), edge_index=edges, y=torch.randint(4, (nodes,)))
data = AddSelfLoops()(NormalizeFeatures()(data))
show("edges", data.edge_index, 0.0)
show("degree", degree(data.edge_index[0], nodes))
show("dense", to_dense_adj(data.edge_index))
show("softmax", softmax(torch.rand(data.num_edges), data.edge_index[1]))
show(
    "scatter",
    [scatter(data.x[data.edge_index[0]], data.edge_index[1], reduce=r) for r in ("sum", "mean", "max", "min")],
)


class Network(torch.nn.Module):
    def __init__(self, make) -> None:
        super().__init__()
        self.first, self.second = make(12, 16), make(16, 4)

    def forward(self, x, edge_index):
        x = torch.nn.functional.dropout(self.first(x, edge_index).relu(), 0.5, self.training)
        return self.second(x, edge_index).log_softmax(1)


for name, make in (
    ("GCN", GCNConv),
    ("GAT", lambda i, o: GATConv(i, o, heads=2, concat=False)),
    ("SAGE", SAGEConv),
    ("GIN", lambda i, o: GINConv(torch.nn.Sequential(torch.nn.Linear(i, o), torch.nn.ReLU(), torch.nn.Linear(o, o)))),
):
    torch.manual_seed(1)
    network = Network(make)
    optimizer = torch.optim.Adam(network.parameters(), 0.01, weight_decay=5e-4)
    losses = []
    for _ in range(10):
        optimizer.zero_grad()
        loss = torch.nn.functional.nll_loss(network(data.x, data.edge_index), data.y)
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    show(f"{name} losses", losses, 1e-3)
    network.eval()
    show(f"{name} output", network(data.x, data.edge_index), 1e-3)
graphs = [
    Data(x=torch.rand(n, 12), edge_index=torch.randint(n, (2, 3 * n)), y=torch.tensor([n % 2])) for n in range(3, 11)
]
for batch in DataLoader(graphs, batch_size=4):
    show("pooled", global_mean_pool(GCNConv(12, 3)(batch.x, batch.edge_index), batch.batch))
show("batch", Batch.from_data_list(graphs).ptr, 0.0)
show("fake", FakeDataset(num_graphs=2, avg_num_nodes=20)[0].num_features)
