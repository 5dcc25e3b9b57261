"""Separable filters of whole batches, with a separate filter for each image.

A separable filter, such as a blur or a resize, is one matrix for the rows and one for the columns.
For small images a matrix product is faster than a convolution per image.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def separable(images: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Filter images (n, C, H, W) to (n, C, H', W') by weights (n, H', H) and (n, W', W)."""
    narrowed = images.flatten(1, 2) @ columns.transpose(1, 2)
    return rows.unsqueeze(1) @ narrowed.unflatten(1, images.shape[1:3])


def gaussian_blur(images: Tensor, width: int, height: int, sigma: Tensor) -> Tensor:
    """Blur images with reflected edges.

    Args:
        images: (n, C, H, W).
        width: kernel size along x in pixels, odd.
        height: kernel size along y in pixels, odd.
        sigma: (n,) standard deviations in pixels, > 0.

    Raises:
        RuntimeError: half of the kernel is at least as large as the images.
    """
    sigma = sigma.to(images)
    rows = _blurring_weights(height, sigma, images.shape[2])
    columns = _blurring_weights(width, sigma, images.shape[3])
    return separable(images, rows, columns)


def _blurring_weights(kernel_size: int, sigma: Tensor, size: int) -> Tensor:
    """Return (n, size, size): the weight of each input pixel (last axis) in each output pixel."""
    half = kernel_size // 2
    offsets = torch.arange(-half, half + 1).to(sigma)
    kernels = (-0.5 * (offsets / sigma.unsqueeze(1)).square()).exp()
    kernels = kernels / kernels.sum(dim=1, keepdim=True)
    sources = F.pad(torch.eye(size).to(sigma), (half, half), mode="reflect")
    windows = sources.unfold(1, kernel_size, 1)  # (size, size, kernel_size): from, to, offset
    return torch.einsum("no,fto->ntf", kernels, windows)
