"""The recipe behind the bundled benchmark: small NAS-Bench-201 networks on shifted digits.

Plain 8x8 digits are too easy to tell architectures apart. Here every training
image is a digit drawn anew through a random affine map onto a larger noisy
canvas, and the test images are fixed draws of digits that are never trained on.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from evozc.spaces import NasBench201

SPACE = NasBench201(channels=8, cells=1, stages=2, input_channels=1, classes=10)
CANVAS = 12
TRAINING_DIGITS = 900
TEST_DRAWS = 3
EPOCHS = 15
BATCH = 64
RATE = 0.1


@dataclass(frozen=True)
class Digits:
    """The 1,797 digits of scikit-learn as float32 images (n, 1, 8, 8) in [0, 1], shuffled once."""

    images: torch.Tensor
    labels: torch.Tensor

    @classmethod
    def load(cls) -> Digits:
        """Read the digits that scikit-learn ships."""
        from sklearn.datasets import load_digits

        data = load_digits()
        order = np.random.default_rng(0).permutation(len(data.target))
        images = torch.from_numpy(data.images[order]).float().div(16).unsqueeze(1)
        return cls(images, torch.from_numpy(data.target[order]))

    def training(self) -> Digits:
        """The digits that networks are trained on, and that statistics are taken from."""
        return Digits(self.images[:TRAINING_DIGITS], self.labels[:TRAINING_DIGITS])

    def test(self) -> Digits:
        """Fixed draws of the digits that no network is trained on."""
        images, labels = self.images[TRAINING_DIGITS:], self.labels[TRAINING_DIGITS:]
        generator = torch.Generator().manual_seed(1)
        draws = [draw(images, generator) for _ in range(TEST_DRAWS)]
        return Digits(torch.cat(draws), labels.repeat(TEST_DRAWS))


def draw(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Each image (n, 1, 8, 8) through its own random affine map, as (n, 1, 12, 12) with noise.

    Rotation up to 40 degrees, scale 0.8 to 1.3, shift up to 0.35 of half the canvas,
    Gaussian noise of 0.15; then shifted and scaled to about zero mean and unit deviation.
    """
    n = len(images)
    angle, scale, shift_x, shift_y = torch.rand(4, n, generator=generator)
    angle = (angle * 2 - 1) * math.radians(40)
    scale = 0.8 + 0.5 * scale
    shift_x, shift_y = (shift_x * 2 - 1) * 0.35, (shift_y * 2 - 1) * 0.35
    cosine, sine = torch.cos(angle) / scale, torch.sin(angle) / scale
    theta = torch.stack([cosine, -sine, shift_x, sine, cosine, shift_y], dim=1).view(n, 2, 3)
    grid = nn.functional.affine_grid(theta, [n, 1, CANVAS, CANVAS], align_corners=False)
    drawn = nn.functional.grid_sample(images, grid, align_corners=False)
    noise = torch.randn(drawn.shape, generator=generator)
    return (drawn + 0.15 * noise - 0.3) / 0.4


def sample_architectures(count: int, seed: int = 0) -> list[str]:
    """``count`` cells of different classes by NATS-Bench's rule, drawn uniformly from all texts.

    Of the bundled 500, 399 compute something different (:meth:`NasBench201.canonical_key`).
    """
    generator = random.Random(seed)
    chosen: dict[str, str] = {}
    while len(chosen) < count:
        architecture = SPACE.sample(generator)
        chosen.setdefault(SPACE.published_key(architecture), architecture)
    return list(chosen.values())


def train(architecture: str, seed: int, digits: Digits) -> float:
    """The test accuracy, in percent, of one network trained from one seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = SPACE.build(architecture)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # torch forgets to declare it
    generator = torch.Generator().manual_seed(seed)
    train_set, test_set = digits.training(), digits.test()
    steps = math.ceil(TRAINING_DIGITS / BATCH) * EPOCHS
    optimizer = torch.optim.SGD(
        network.parameters(), lr=RATE, momentum=0.9, nesterov=True, weight_decay=5e-4
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=RATE, total_steps=steps)
    for _ in range(EPOCHS):
        images = draw(train_set.images, generator)
        order = torch.randperm(TRAINING_DIGITS, generator=generator)
        for batch in order.split(BATCH):
            loss = nn.functional.cross_entropy(network(images[batch]), train_set.labels[batch])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
    network.eval()
    with torch.no_grad():
        predicted = network(test_set.images).argmax(dim=1)
    return 100 * (predicted == test_set.labels).double().mean().item()
