"""Filters of whole batches, a different one for every image.

A filter that is separable, as blurring and resizing are, is one matrix for an image's rows and one
for its columns. For small images a product of matrices is faster than a convolution per image.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def separable(images: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Filter images (n, C, H, W) to (n, C, H', W') by weights (n, H', H) and (n, W', W)."""
    narrowed = images.flatten(1, 2) @ columns.transpose(1, 2)
    return rows.unsqueeze(1) @ narrowed.unflatten(1, images.shape[1:3])


def gaussian_blur(images: Tensor, width: int, height: int, sigma: Tensor) -> Tensor:
    """Blur images, which are reflected at their edges.

    Args:
        images: (n, C, H, W).
        width: pixels that the kernel covers along x, odd.
        height: pixels that the kernel covers along y, odd.
        sigma: (n,) standard deviations in pixels, > 0.

    Raises:
        RuntimeError: half of the kernel is as large as the images.
    """
    sigma = sigma.to(images)
    rows = _blurring_weights(height, sigma, images.shape[2])
    columns = _blurring_weights(width, sigma, images.shape[3])
    return separable(images, rows, columns)


def _blurring_weights(covered: int, sigma: Tensor, size: int) -> Tensor:
    """Return (n, size, size): what each of `size` pixels gets of each."""
    half = covered // 2
    offsets = torch.arange(-half, half + 1).to(sigma)
    kernels = (-0.5 * (offsets / sigma.unsqueeze(1)).square()).exp()
    kernels = kernels / kernels.sum(dim=1, keepdim=True)
    sources = F.pad(torch.eye(size).to(sigma), (half, half), mode="reflect")
    windows = sources.unfold(1, covered, 1)  # (size, size, covered): from, to, at which offset
    return torch.einsum("no,fto->ntf", kernels, windows)
