"""Images as data URLs, for pages that refer to no other file."""

import base64
from collections.abc import Sequence
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_GRAY_AXES, _IMAGE_AXES = 2, 3
_PIXELS = 48  # of the longer side of an image


def are_images(objects: NDArray[np.float32]) -> bool:
    """Whether objects are (n, height, width), or (n, channels, height, width) in gray or color."""
    axes = objects.ndim - 1
    return axes == _GRAY_AXES or (axes == _IMAGE_AXES and objects.shape[1] in (1, 3))


def image_urls(objects: NDArray[np.float32]) -> Sequence[str]:
    """Return images as data URLs; the least and greatest values of the set are black and white."""
    low, high = float(objects.min()), float(objects.max())
    scaled = ((objects - low) * (255 / ((high - low) or 1.0))).astype(np.uint8)
    if scaled.ndim == _IMAGE_AXES + 1:
        scaled = scaled[:, 0] if scaled.shape[1] == 1 else scaled.transpose(0, 2, 3, 1)
    return [_url(values) for values in scaled]


def _url(values: NDArray[np.uint8]) -> str:
    image = Image.fromarray(values)
    image.thumbnail((_PIXELS, _PIXELS))
    content = BytesIO()
    image.save(content, "PNG")
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"
