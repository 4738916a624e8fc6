"""A small UNet2D: noise prediction, gradients and 3 steps; DDPM, DDIM, Euler and DPM-Solver schedulers; an autoencoder."""

import os

os.environ.update(HF_HUB_OFFLINE="1", DIFFUSERS_VERBOSITY="error")
import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    DDPMPipeline,
    DDPMScheduler,
    DPMSolverMultistepScheduler,
    EulerDiscreteScheduler,
    UNet2DConditionModel,
    UNet2DModel,
)
from figures import gradients, show

IMPORT = "diffusers.models.unets.unet_2d"

torch.manual_seed(0)
unet = UNet2DModel(
    sample_size=16,
    in_channels=3,
    out_channels=3,
    layers_per_block=1,
    block_out_channels=(16, 32),
    down_block_types=("DownBlock2D", "AttnDownBlock2D"),
    up_block_types=("AttnUpBlock2D", "UpBlock2D"),
    norm_num_groups=8,
)
scheduler = DDPMScheduler(num_train_timesteps=50)
x, noise, steps = torch.randn(2, 3, 16, 16), torch.randn(2, 3, 16, 16), torch.tensor([7, 33])
noisy = scheduler.add_noise(x, noise, steps)
show("noisy", noisy)
optimizer = torch.optim.AdamW(unet.parameters(), 1e-3)
losses = []
for _ in range(3):
    optimizer.zero_grad()
    loss = torch.nn.functional.mse_loss(unet(noisy, steps).sample, noise)
    loss.backward()
    optimizer.step()
    losses.append(float(loss.detach()))
show("losses", losses, 1e-2)
show("gradients", gradients(unet), 1e-2)
unet.eval()
for name, kind in (("DDIM", DDIMScheduler), ("Euler", EulerDiscreteScheduler), ("DPM", DPMSolverMultistepScheduler)):
    schedule = kind(num_train_timesteps=50)
    schedule.set_timesteps(4)
    sample = torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * schedule.init_noise_sigma
    for t in schedule.timesteps:
        with torch.no_grad():
            scaled = schedule.scale_model_input(sample, t)
            sample = schedule.step(unet(scaled, t).sample, t, sample).prev_sample
    show(name, sample, 1e-2)
pipeline = DDPMPipeline(unet, scheduler)
pipeline.set_progress_bar_config(disable=True)
images = pipeline(num_inference_steps=3, generator=torch.Generator().manual_seed(0), output_type="np").images
show("pipeline", torch.from_numpy(images), 1e-2)
torch.manual_seed(0)
autoencoder = AutoencoderKL(block_out_channels=(16,), norm_num_groups=8, latent_channels=2)
show("latent", autoencoder.encode(x).latent_dist.mean, 1e-3)
show("decoded", autoencoder(x).sample, 1e-3)
conditioned = UNet2DConditionModel(
    sample_size=8,
    block_out_channels=(16, 32),
    layers_per_block=1,
    cross_attention_dim=12,
    attention_head_dim=4,
    norm_num_groups=8,
    down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
    up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
)
show("conditioned", conditioned(torch.randn(1, 4, 8, 8), 5, torch.randn(1, 6, 12)).sample, 1e-3)
