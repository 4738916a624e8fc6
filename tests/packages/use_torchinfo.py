"""summary of a convolutional network and of a recurrent one: the tables' texts."""

import torch
from figures import show
from torchinfo import summary

IMPORT = "torchinfo"

torch.manual_seed(0)
model = torch.nn.Sequential(
    torch.nn.Conv2d(3, 8, 3), torch.nn.BatchNorm2d(8), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(8 * 36, 5)
)
columns = ("input_size", "output_size", "num_params", "kernel_size", "mult_adds", "trainable")
found = summary(model, (2, 3, 8, 8), col_names=columns, verbose=0)
show("convolutions", str(found))
show("totals", [found.total_params, found.trainable_params, found.total_mult_adds])


class Recurrent(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = torch.nn.Embedding(20, 6)
        self.lstm = torch.nn.LSTM(6, 7, num_layers=2, bidirectional=True, batch_first=True)
        self.head = torch.nn.Linear(14, 2)

    def forward(self, x):
        return self.head(self.lstm(self.embedding(x))[0][:, -1])


show("recurrent", str(summary(Recurrent(), input_data=torch.randint(20, (3, 5)), verbose=0, depth=3)))
