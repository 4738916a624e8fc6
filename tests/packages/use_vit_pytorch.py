"""ViT, SimpleViT, CaiT, MobileViT and CvT with small inputs: output, gradients, 3 steps of Adam."""

import torch
from figures import gradients, show, train
from vit_pytorch import SimpleViT, ViT
from vit_pytorch.cait import CaiT
from vit_pytorch.cvt import CvT
from vit_pytorch.mobile_vit import MobileViT

IMPORT = "vit_pytorch"

common = {"image_size": 32, "patch_size": 8, "num_classes": 5, "dim": 32, "depth": 2, "heads": 4, "mlp_dim": 64}
for name, make in (
    ("ViT", lambda: ViT(**common)),
    ("SimpleViT", lambda: SimpleViT(**common)),
    ("CaiT", lambda: CaiT(**common, cls_depth=1)),
    (
        "CvT",
        lambda: CvT(
            num_classes=5, s1_emb_dim=16, s2_emb_dim=16, s3_emb_dim=16, s1_heads=1, s2_heads=2, s3_heads=2, s3_depth=1
        ),
    ),
    ("MobileViT", lambda: MobileViT((64, 64), [32, 40, 48], [8, 8, 12, 12, 16, 16, 20, 20, 24, 24, 32], 5)),
):
    torch.manual_seed(0)
    model = make().eval()
    size = 64 if name in ("MobileViT", "CvT") else 32
    x, y = torch.randn(2, 3, size, size), torch.tensor([1, 3])
    show(f"{name} output", model(x), 1e-3)
    torch.nn.functional.cross_entropy(model(x), y).backward()
    show(f"{name} gradients", gradients(model), 1e-3)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    show(f"{name} losses", train(model, optimizer, x, y, torch.nn.functional.cross_entropy, 3), 1e-2)
