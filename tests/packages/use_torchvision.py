"""resnet18, mobilenet_v2, squeezenet1_1, shufflenet_v2, mnasnet0_5 with small inputs, steps of SGD; transforms v2."""

import torch
import torchvision
from figures import gradients, show, train
from torchvision.transforms import v2

IMPORT = "torchvision"

for name, build in (
    ("resnet18", torchvision.models.resnet18),
    ("mobilenet_v2", torchvision.models.mobilenet_v2),
    ("squeezenet1_1", torchvision.models.squeezenet1_1),
    ("shufflenet_v2", torchvision.models.shufflenet_v2_x0_5),
    ("mnasnet0_5", torchvision.models.mnasnet0_5),
):
    torch.manual_seed(0)
    model = build(num_classes=5).eval()
    x, y = torch.randn(4, 3, 64, 64), torch.tensor([0, 3, 4, 1])
    show(f"{name} output", model(x), 1e-3)
    torch.nn.functional.cross_entropy(model(x), y).backward()
    show(f"{name} gradients", gradients(model), 1e-3)
    if name == "resnet18":
        model.train()
        optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9)
        show(f"{name} losses", train(model, optimizer, x, y, torch.nn.functional.cross_entropy, 3), 1e-2)
image = (torch.arange(3 * 40 * 50) % 251).reshape(3, 40, 50).to(torch.uint8)
pipeline = v2.Compose(
    [
        v2.Resize((32, 32), antialias=True),
        v2.CenterCrop(28),
        v2.ToDtype(torch.float32, scale=True),
        v2.Normalize([0.5] * 3, [0.2] * 3),
    ]
)
show("transforms", pipeline(image), 1e-2)
torch.manual_seed(1)
show("random crop", v2.RandomCrop(16)(v2.RandomHorizontalFlip(0.5)(image)))
show("grid", torchvision.utils.make_grid(torch.rand(5, 3, 8, 8), nrow=3))
