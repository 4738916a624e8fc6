"""REINFORCE on CartPole for 8 episodes; observations through the NumPy-to-torch wrapper."""

import gymnasium
import torch
from figures import show
from gymnasium.wrappers.numpy_to_torch import NumpyToTorch

IMPORT = "gymnasium"

torch.manual_seed(0)
environment = NumpyToTorch(gymnasium.make("CartPole-v1"), device="cpu")
policy = torch.nn.Sequential(torch.nn.Linear(4, 16), torch.nn.Tanh(), torch.nn.Linear(16, 2))
optimizer = torch.optim.Adam(policy.parameters(), 0.01)
lengths, losses = [], []
for episode in range(8):
    observation, _ = environment.reset(seed=episode)
    terms, rewards, done = [], [], False
    while not done:
        choice = torch.distributions.Categorical(logits=policy(observation))
        action = choice.sample()
        observation, reward, terminated, truncated, _ = environment.step(action)
        terms.append(choice.log_prob(action))
        rewards.append(float(reward))
        done = bool(terminated) or bool(truncated)
    returns = torch.tensor(rewards).flip(0).cumsum(0).flip(0)
    loss = -(torch.stack(terms) * (returns - returns.mean())).sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    lengths.append(len(rewards))
    losses.append(float(loss.detach()))
show("lengths", lengths, 0.0)
show("losses", losses, 1e-3)
