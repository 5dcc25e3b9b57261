"""Which devices are accepted, and how others are explained."""

import pytest
import torch

from dcrf.errors import DcrfError
from dcrf.runs.device import resolve_device


def test_a_device_of_this_machine_keeps_its_name():
    assert resolve_device("cpu") == "cpu"


def test_cuda_if_available_depends_on_the_machine():
    assert resolve_device("cuda_if_available") == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gpu", "'gpu' is not a torch device; did you mean 'cuda'?"),
        ("GPU:1", "'GPU:1' is not a torch device; did you mean 'cuda'?"),
        ("cdua", "'cdua' is not a torch device; did you mean 'cuda'?"),
        (
            "toaster",
            "'toaster' is not a torch device; "
            "use for example cpu, cuda, cuda:1 or cuda_if_available",
        ),
    ],
)
def test_an_unknown_device_is_explained_in_one_sentence(name, message):
    with pytest.raises(DcrfError) as caught:
        resolve_device(name)

    assert str(caught.value) == message


def test_a_device_without_memory_cannot_be_used():
    with pytest.raises(DcrfError, match="the device 'meta' cannot be used here: "):
        resolve_device("meta")
