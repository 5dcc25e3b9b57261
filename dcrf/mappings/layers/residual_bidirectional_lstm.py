"""The residual bidirectional LSTM layer of Meier et al."""

from torch import Tensor, nn

from dcrf.mappings.set_recurrence import run_over_present

_SEQUENCES = 3  # axes: sample, object, feature


class ResidualBidirectionalLstm(nn.Module):
    """Adds the outputs of a bidirectional LSTM to its input.

    Each direction has half as many units as the input has features. Recurrent weights start
    orthogonal, input weights uniform by Glorot, biases at 0 and that of the forget gate at 1. Gates
    are logistic functions; the original has their piecewise linear approximation. Objects that only
    fill up a shorter set are left out.

    Shapes:
        (n, objects, features) -> (n, objects, features)

    Args:
        features: of an object, an even number.

    Raises:
        ValueError: an odd number of features, or an input that is not (n, objects, features).

    Source: Meier, Elezi, Amirian, Duerr & Stadelmann, ANNPR 2018, https://arxiv.org/abs/1807.04001
    """

    def __init__(self, *, features: int) -> None:
        super().__init__()
        if features % 2:
            raise ValueError(f"{features} features cannot be halved between the two directions")
        self.lstm = nn.LSTM(features, features // 2, batch_first=True, bidirectional=True)
        for name, parameter in self.lstm.named_parameters():
            _initialize(name, parameter)

    def forward(self, values: Tensor) -> Tensor:
        """Return h + BiLSTM(h) for objects h (n, objects, features)."""
        if values.ndim != _SEQUENCES:  # torch would take two axes for one sequence
            raise ValueError("it takes sequences of shape (objects, features)")
        return values + run_over_present(self.lstm, values)


def _initialize(name: str, parameter: nn.Parameter) -> None:
    """Fill a parameter of an LSTM: its rows are those of input, forget, cell and output gate."""
    gates = parameter.data.chunk(4)
    for gate in gates:
        if name.startswith("weight_hh"):
            nn.init.orthogonal_(gate)
        elif name.startswith("weight_ih"):
            nn.init.xavier_uniform_(gate)
        else:
            nn.init.zeros_(gate)
    if name.startswith("bias_ih"):  # torch adds bias_hh to it
        nn.init.ones_(gates[1])
