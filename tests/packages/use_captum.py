"""Integrated gradients, saliency, DeepLift, occlusion, Shapley values, GradCAM, layer conductance of a small network."""

import torch
from captum.attr import (
    DeepLift,
    FeatureAblation,
    GradientShap,
    InputXGradient,
    IntegratedGradients,
    LayerConductance,
    LayerGradCam,
    NeuronGradient,
    Occlusion,
    Saliency,
    ShapleyValueSampling,
)
from figures import show

IMPORT = "captum.attr"

torch.manual_seed(0)
model = torch.nn.Sequential(
    torch.nn.Conv2d(1, 4, 3, padding=1),
    torch.nn.ReLU(),
    torch.nn.AvgPool2d(2),
    torch.nn.Flatten(),
    torch.nn.Linear(64, 10),
    torch.nn.ReLU(),
    torch.nn.Linear(10, 3),
).eval()
x = torch.randn(4, 1, 8, 8)
value, delta = IntegratedGradients(model).attribute(x, target=1, n_steps=20, return_convergence_delta=True)
show("integrated gradients", value, 1e-3)
show("delta", delta, 1e-2)
show("saliency", Saliency(model).attribute(x, target=2), 1e-3)
show("input x gradient", InputXGradient(model).attribute(x, target=0), 1e-3)
show("DeepLift", DeepLift(model).attribute(x, target=1), 1e-3)
show("occlusion", Occlusion(model).attribute(x, (1, 4, 4), target=1, strides=(1, 2, 2)), 1e-3)
show("ablation", FeatureAblation(model).attribute(x, target=1), 1e-3)
show("GradCAM", LayerGradCam(model, model[0]).attribute(x, target=1), 1e-3)
show("conductance", LayerConductance(model, model[4]).attribute(x, target=1, n_steps=20), 1e-3)
show("neuron", NeuronGradient(model, model[4]).attribute(x, 3), 1e-3)
torch.manual_seed(1)
masks = torch.arange(64).reshape(1, 1, 8, 8) // 16
show("Shapley", ShapleyValueSampling(model).attribute(x, target=1, feature_mask=masks, n_samples=3), 1e-3)
show("gradient SHAP", GradientShap(model).attribute(x, torch.zeros(2, 1, 8, 8), target=1, n_samples=4).shape[0])
