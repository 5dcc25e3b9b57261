"""Norm of the Jacobian of a mapping (contractive autoencoder)."""

import torch
from torch import Tensor


def squared_jacobian_norm(outputs: Tensor, inputs: Tensor, directions: Tensor) -> Tensor:
    """Mean over samples of sum_v |v^T J|^2 over directions v in the space of outputs.

    With the d axes as directions it is the squared Frobenius norm |J|_F^2 (Rifai et al., ICML 2011,
    section 2). So is its mean for m random directions whose elements are independent with mean 0
    and variance 1 / m (Hutchinson's estimate of a trace).

    Args:
        outputs: (n, d), computed from the inputs with gradient. Row i depends on input i alone.
        inputs: (n, *sample_shape), which require gradient.
        directions: (m, n, d), or (m, 1, d) with the same directions for all samples.

    Returns:
        Scalar >= 0, in squared units of the outputs per unit of the inputs. It is differentiable.
    """
    squares = inputs.new_zeros(())
    for direction in directions:
        projection = (outputs * direction).sum()
        (gradient,) = torch.autograd.grad(projection, inputs, create_graph=True)
        squares = squares + gradient.square().sum()
    return squares / len(inputs)
