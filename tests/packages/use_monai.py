"""UNet, SegResNet and DynUNet in two and three dimensions, Dice losses and metrics, transforms, sliding-window inference."""

import monai
import numpy as np
import torch
from figures import gradients, show, train
from monai.inferers import sliding_window_inference
from monai.losses import DiceCELoss, DiceLoss, FocalLoss, TverskyLoss
from monai.metrics import DiceMetric, HausdorffDistanceMetric
from monai.networks.nets import SegResNet, UNet
from monai.transforms import Compose, EnsureChannelFirst, Rotate90, ScaleIntensity, SpatialPad

IMPORT = "monai"

monai.utils.set_determinism(0)
unet = UNet(spatial_dims=2, in_channels=1, out_channels=2, channels=(4, 8, 16), strides=(2, 2), num_res_units=1)
x, y = torch.randn(2, 1, 32, 32), torch.randint(2, (2, 1, 32, 32)).float()
loss = DiceCELoss(to_onehot_y=True, softmax=True)
show("UNet", unet(x), 1e-3)
loss(unet(x), y).backward()
show("gradients", gradients(unet), 1e-3)
show("losses", train(unet, torch.optim.Adam(unet.parameters(), 1e-2), x, y, loss, 3), 1e-2)
for other in (DiceLoss(sigmoid=True), FocalLoss(), TverskyLoss(sigmoid=True)):
    show(type(other).__name__, other(x, y), 1e-3)
volume = torch.randn(1, 1, 16, 16, 16)
segmenter = SegResNet(spatial_dims=3, init_filters=8, in_channels=1, out_channels=2, blocks_down=(1, 1), blocks_up=(1,))
show("SegResNet", segmenter(volume), 1e-3)
window = sliding_window_inference(torch.randn(1, 1, 48, 48), (32, 32), 2, unet.eval(), overlap=0.25)
show("sliding window", window, 1e-3)
show("dice", DiceMetric()(y > 0.5, x > 0), 1e-3)
show("Hausdorff", HausdorffDistanceMetric()((x > 1.5).float(), (x.flip(2) > 1.5).float()), 1e-3)
image = np.arange(20 * 30, dtype=np.float32).reshape(20, 30)
pipeline = Compose([EnsureChannelFirst(channel_dim="no_channel"), ScaleIntensity(), Rotate90(), SpatialPad((32, 32))])
show("transforms", torch.as_tensor(np.asarray(pipeline(image))), 1e-3)
