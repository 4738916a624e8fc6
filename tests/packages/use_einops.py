"""rearrange, reduce, repeat, einsum, pack; a network of Rearrange, Reduce and EinMix, 5 steps of Adam."""

import torch
from einops import einsum, pack, rearrange, reduce, repeat, unpack
from einops.layers.torch import EinMix, Rearrange, Reduce
from figures import gradients, show, train

IMPORT = "einops.layers.torch"

torch.manual_seed(0)
x = torch.randn(4, 3, 16, 12, requires_grad=True)
y = rearrange(x, "b c (h s) (w t) -> b (c s t) h w", s=4, t=3)
show("rearrange", y)
show("reduce", reduce(y, "b c h w -> b c", "max"))
show("repeat", repeat(y, "b c h w -> b c (h 2) w"))
show("einsum", einsum(y, y, "b c h w, b d h w -> b c d"))
packed, shapes = pack([x, x[:, :, 0]], "b * w")
show("pack", packed)
show("unpack", unpack(packed, shapes, "b * w")[1])
(y.square().mean() + reduce(x, "b c h w -> b", "mean").exp().sum()).backward()
show("gradient", x.grad)

network = torch.nn.Sequential(
    Rearrange("b c (h s) (w t) -> b (h w) (c s t)", s=4, t=4),
    EinMix("b t c_in -> b t c_out", weight_shape="c_in c_out", bias_shape="c_out", c_in=48, c_out=32),
    torch.nn.GELU(),
    Reduce("b t c -> b c", "mean"),
    torch.nn.Linear(32, 5),
)
optimizer = torch.optim.Adam(network.parameters(), 0.01)
targets = torch.tensor([0, 1, 2, 3])
show("losses", train(network, optimizer, x.detach(), targets, torch.nn.functional.cross_entropy))
show("gradients", gradients(network))
