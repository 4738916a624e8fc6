"""resnet18, vit_tiny, convnext_atto, mobilenetv3_small_050, efficientnet_b0 (small inputs): forward, backward, AdamW step."""

import timm
import torch
from figures import gradients, show, train
from timm.loss import LabelSmoothingCrossEntropy
from timm.optim import create_optimizer_v2
from timm.scheduler import CosineLRScheduler

IMPORT = "timm"

for name, size in (
    ("resnet18", 64),
    ("vit_tiny_patch16_224", 64),
    ("convnext_atto", 64),
    ("mobilenetv3_small_050", 64),
    ("efficientnet_b0", 64),
):
    torch.manual_seed(0)
    options = {"img_size": size} if "vit" in name else {}
    model = timm.create_model(name, num_classes=7, **options)
    x, y = torch.randn(4, 3, size, size), torch.tensor([0, 3, 6, 1])
    model.eval()
    show(f"{name} parameters", sum(p.numel() for p in model.parameters()))
    show(f"{name} features", model.forward_features(x), 1e-3)
    show(f"{name} output", model(x), 1e-3)
    loss = torch.nn.functional.cross_entropy(model(x), y)
    loss.backward()
    show(f"{name} gradients", gradients(model), 1e-3)
    model.train()
    optimizer = create_optimizer_v2(model, opt="adamw", lr=1e-3, weight_decay=0.05)
    show(f"{name} losses", train(model, optimizer, x, y, LabelSmoothingCrossEntropy(0.1), 3), 0.01)
scheduler = CosineLRScheduler(optimizer, t_initial=10, warmup_t=3, lr_min=1e-5)
show("schedule", [scheduler._get_lr(t)[0] for t in range(12)])
