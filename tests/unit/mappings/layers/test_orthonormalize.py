import io

import torch

from dcrf.mappings.layers.orthonormalize import Orthonormalize


def test_it_changes_nothing_before_it_is_fitted():
    values = torch.randn(4, 3)

    assert torch.equal(Orthonormalize(num_features=3)(values), values)


def test_outputs_of_the_fitted_batch_are_orthonormal_in_both_modes():
    layer, values = Orthonormalize(num_features=3), torch.randn(40, 3) @ torch.randn(3, 3) + 1
    layer.fit(values)

    for module in (layer.train(), layer.eval()):
        outputs = module(values)
        torch.testing.assert_close(outputs.T @ outputs, 40 * torch.eye(3), atol=1e-2, rtol=0)


def test_its_matrix_is_saved_and_is_no_parameter():
    layer, file = Orthonormalize(num_features=2), io.BytesIO()
    layer.fit(torch.randn(9, 2))
    torch.save(layer.state_dict(), file)
    file.seek(0)
    other = Orthonormalize(num_features=2)
    other.load_state_dict(torch.load(file, weights_only=True))

    assert torch.equal(other.weight, layer.weight)
    assert list(layer.parameters()) == []


def test_gradients_flow_to_the_input_alone():
    layer, values = Orthonormalize(num_features=2), torch.randn(5, 2, requires_grad=True)
    layer.fit(values)
    layer(values)[:, 0].sum().backward()

    torch.testing.assert_close(values.grad, layer.weight[:, 0].expand(5, 2))
