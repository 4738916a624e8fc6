"""Colour, filters, geometry, morphology, losses and augmentation of images; a homography's gradient."""

import kornia as K
import torch
from figures import show

IMPORT = "kornia"

torch.manual_seed(0)
x = torch.rand(2, 3, 32, 40, requires_grad=True)
show("gray", K.color.rgb_to_grayscale(x))
show("hsv", K.color.rgb_to_hsv(x), 1e-3)
show("lab", K.color.rgb_to_lab(x), 1e-3)
show("blur", K.filters.gaussian_blur2d(x, (5, 5), (1.5, 1.5)))
show("sobel", K.filters.sobel(x), 1e-3)
show("canny", K.filters.canny(x)[0], 1e-2)
show("median", K.filters.median_blur(x, (3, 3)))
angle = torch.tensor([30.0, -10.0])
show("rotate", K.geometry.transform.rotate(x, angle), 1e-3)
show("resize", K.geometry.transform.resize(x, (16, 20)), 1e-3)
matrix = torch.eye(3).repeat(2, 1, 1)
matrix[:, 0, 2] = 3.0
matrix.requires_grad_()
warped = K.geometry.transform.warp_perspective(x, matrix, (32, 40))
warped.square().mean().backward()
show("warp", warped, 1e-3)
show("gradient", matrix.grad, 1e-2)
show("dilation", K.morphology.dilation(x, torch.ones(3, 3)))
show("ssim", K.losses.ssim_loss(x, x.flip(-1), 5), 1e-3)
show("axis angle", K.geometry.conversions.axis_angle_to_rotation_matrix(torch.randn(3, 3)), 1e-3)
show("harris", K.feature.harris_response(x), 1e-3)
torch.manual_seed(1)
augment = K.augmentation.AugmentationSequential(
    K.augmentation.RandomHorizontalFlip(p=0.5), K.augmentation.RandomAffine(15.0, p=1.0), data_keys=["input"]
)
show("augmented", augment(x.detach()), 1e-2)
