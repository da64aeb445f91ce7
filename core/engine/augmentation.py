"""Augmentation: training images shifted and mirrored at random, anew in every epoch: more images for nothing."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import pad

from core.config import RunConfig


def augment(x: Tensor, config: RunConfig, generator: torch.Generator) -> Tensor:
    """uint8 images x (B, pixels), each shifted by up to config.shift pixels up or down and left or right, every way
    equally likely, black where nothing was; then, with config.flip "on", mirrored with probability 1/2.

    Three numbers are drawn for each image whatever the settings, so that runs that differ in them shift the same images
    in the same direction. Draws nothing where there is nothing to do.
    """
    shift, side, flips = config.shift, config.facts.side, config.flip == "on"
    if not shift and not flips:
        return x
    drawn = torch.rand((len(x), 3), generator=generator)
    offsets = (drawn[:, :2] * (2 * shift + 1)).long()  # 0 to 2·shift, into the padded image
    position = torch.arange(side)
    mirrored = (drawn[:, 2:] < 0.5) & flips
    rows = position + offsets[:, :1]
    columns = torch.where(mirrored, side - 1 - position, position) + offsets[:, 1:]
    padded = pad(x.view(-1, side, side), (shift, shift, shift, shift))
    image = torch.arange(len(x))[:, None, None]
    return padded[image, rows[:, :, None], columns[:, None, :]].flatten(1)
