"""PPO, A2C and DQN on CartPole, SAC on Pendulum: a few hundred steps each, predictions, save and load."""

import tempfile
from pathlib import Path

import gymnasium
import torch
from figures import show
from stable_baselines3 import A2C, DQN, PPO, SAC

IMPORT = "stable_baselines3"

folder = Path(tempfile.mkdtemp())
for name, make in (
    ("PPO", lambda: PPO("MlpPolicy", "CartPole-v1", n_steps=64, batch_size=32, n_epochs=3, seed=0, device="cpu")),
    ("A2C", lambda: A2C("MlpPolicy", "CartPole-v1", seed=0, device="cpu")),
    ("DQN", lambda: DQN("MlpPolicy", "CartPole-v1", learning_starts=50, seed=0, device="cpu")),
    (
        "SAC",
        lambda: SAC(
            "MlpPolicy", "Pendulum-v1", learning_starts=50, seed=0, device="cpu", policy_kwargs={"net_arch": [16]}
        ),
    ),
):
    model = make().learn(128)
    weights = torch.cat([p.detach().reshape(-1) for p in model.policy.parameters()])
    show(f"{name} weights", weights, 1e-3)
    observation, _ = gymnasium.make("Pendulum-v1" if name == "SAC" else "CartPole-v1").reset(seed=3)
    show(f"{name} action", torch.as_tensor(model.predict(observation, deterministic=True)[0]), 1e-3)
    model.save(folder / name)
    again = type(model).load(folder / name, device="cpu")
    show(f"{name} loaded", torch.cat([p.detach().reshape(-1) for p in again.policy.parameters()]), 1e-3)
