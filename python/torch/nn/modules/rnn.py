"""Recurrent networks as modules, and their single steps."""

from __future__ import annotations

import math
import numbers
import warnings
from typing import Any

import torch
from torch.nn import init
from torch.nn.modules.module import Module
from torch.nn.parameter import Parameter
from torch.nn.utils.rnn import PackedSequence

__all__ = ["RNNBase", "RNN", "LSTM", "GRU", "RNNCellBase", "RNNCell", "LSTMCell", "GRUCell"]

_OPS: dict[str, Any] = {"LSTM": torch.lstm, "GRU": torch.gru, "RNN_TANH": torch.rnn_tanh, "RNN_RELU": torch.rnn_relu}


def _permuted(x: torch.Tensor, permutation: torch.Tensor | None, dim: int = 1) -> torch.Tensor:
    return x if permutation is None else x.index_select(dim, permutation)


class RNNBase(Module):
    """What :class:`RNN`, :class:`LSTM` and :class:`GRU` share.

    Args:
        mode: ``"RNN_TANH"``, ``"RNN_RELU"``, ``"LSTM"`` or ``"GRU"``.
        input_size: number of features of the input.
        hidden_size: number of features of the state.
        num_layers: number of layers, each reading the one before. Default: 1
        bias: whether there are biases. Default: ``True``
        batch_first: whether the batch comes before the time. Default: ``False``
        dropout: probability of a zero between layers, in training. Default: 0.0
        bidirectional: run over the time in both directions. Default: ``False``
        proj_size: size of a projection of the LSTM's state, if not 0. Default: 0
        device: where the parameters are.
        dtype: of the parameters.
    """

    __constants__ = [
        "mode",
        "input_size",
        "hidden_size",
        "num_layers",
        "bias",
        "batch_first",
        "dropout",
        "bidirectional",
        "proj_size",
    ]

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if not isinstance(dropout, numbers.Number) or isinstance(dropout, bool) or not 0 <= float(dropout) <= 1:
            raise ValueError(
                "dropout should be a number in range [0, 1] representing the probability of an element being zeroed"
            )
        if dropout > 0 and num_layers == 1:
            warnings.warn(
                "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects "
                f"num_layers greater than 1, but got dropout={dropout} and num_layers={num_layers}",
                stacklevel=2,
            )
        for name, size in (("input_size", input_size), ("hidden_size", hidden_size)):
            if not isinstance(size, int):
                raise TypeError(f"{name} should be of type int, got: {type(size).__name__}")
        for name, size in (("input_size", input_size), ("hidden_size", hidden_size), ("num_layers", num_layers)):
            if size <= 0:
                raise ValueError(f"{name} must be greater than zero")
        if proj_size < 0:
            raise ValueError("proj_size should be a positive integer or zero to disable projections")
        if proj_size >= hidden_size:
            raise ValueError("proj_size has to be smaller than hidden_size")
        if mode not in _OPS:
            raise ValueError(f"Unrecognized RNN mode: {mode}")
        if proj_size > 0 and mode != "LSTM":
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        directions = 2 if bidirectional else 1
        gates = {"LSTM": 4, "GRU": 3}.get(mode, 1) * hidden_size
        state = proj_size or hidden_size
        self._all_weights: list[list[str]] = []
        for layer in range(num_layers):
            width = input_size if layer == 0 else state * directions
            for direction in range(directions):
                shapes: dict[str, tuple[int, ...]] = {"weight_ih": (gates, width), "weight_hh": (gates, state)}
                if bias:
                    shapes.update(bias_ih=(gates,), bias_hh=(gates,))
                if proj_size:
                    shapes["weight_hr"] = (proj_size, hidden_size)
                suffix = f"_l{layer}" + ("_reverse" if direction else "")
                for name, shape in shapes.items():
                    setattr(self, name + suffix, Parameter(torch.empty(shape, device=device, dtype=dtype)))
                self._all_weights.append([name + suffix for name in shapes])
        self.reset_parameters()

    def flatten_parameters(self) -> None:
        """Do nothing: there is no joint memory to arrange on this device."""

    def reset_parameters(self) -> None:
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters of each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    @property
    def _flat_weights(self) -> list[Parameter]:
        return [weight for weights in self.all_weights for weight in weights]

    @property
    def _flat_weights_names(self) -> list[str]:
        return [name for names in self._all_weights for name in names]

    # PyTorch's modules keep these lists as attributes, so files have them; here they follow from the parameters.
    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_flat_weights": self._flat_weights, "_flat_weights_names": self._flat_weights_names}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__({k: v for k, v in state.items() if k not in ("_flat_weights", "_flat_weights_names")})

    def check_input(self, input: torch.Tensor, batch_sizes: torch.Tensor | None) -> None:
        if not torch.is_autocast_enabled() and input.dtype != self._flat_weights[0].dtype:
            weight = self._flat_weights[0].dtype
            raise ValueError(
                f"RNN input dtype ({input.dtype}) does not match weight dtype ({weight}). "
                f"Convert input: input.to({weight}), or convert model: model.to({input.dtype})"
            )
        dims = 2 if batch_sizes is not None else 3
        if input.dim() != dims:
            raise RuntimeError(f"input must have {dims} dimensions, got {input.dim()}")
        if self.input_size != input.size(-1):
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {input.size(-1)}"
            )

    def _state_size(self, batch: int, width: int) -> tuple[int, int, int]:
        return (self.num_layers * (2 if self.bidirectional else 1), batch, width)

    def get_expected_hidden_size(self, input: torch.Tensor, batch_sizes: torch.Tensor | None) -> tuple[int, int, int]:
        if batch_sizes is not None:
            batch = int(batch_sizes[0])
        else:
            batch = input.size(0) if self.batch_first else input.size(1)
        return self._state_size(batch, self.proj_size or self.hidden_size)

    def get_expected_cell_size(self, input: torch.Tensor, batch_sizes: torch.Tensor | None) -> tuple[int, int, int]:
        return self._state_size(self.get_expected_hidden_size(input, batch_sizes)[1], self.hidden_size)

    def check_hidden_size(
        self, hx: torch.Tensor, expected_hidden_size: tuple[int, int, int], msg: str = "Expected hidden size {}, got {}"
    ) -> None:
        if hx.size() != expected_hidden_size:
            raise RuntimeError(msg.format(expected_hidden_size, list(hx.size())))

    def check_forward_args(self, input: torch.Tensor, hidden: Any, batch_sizes: torch.Tensor | None) -> None:
        self.check_input(input, batch_sizes)
        self.check_hidden_size(hidden, self.get_expected_hidden_size(input, batch_sizes))

    def permute_hidden(self, hx: Any, permutation: torch.Tensor | None) -> Any:
        return _permuted(hx, permutation)

    def extra_repr(self) -> str:
        parts = [f"{self.input_size}, {self.hidden_size}"]
        for name, default in (
            ("proj_size", 0),
            ("num_layers", 1),
            ("bias", True),
            ("batch_first", False),
            ("dropout", 0),
            ("bidirectional", False),
        ):
            value = getattr(self, name)
            if value != default:
                parts.append(f"{name}={value}")
        return ", ".join(parts)

    # Both are filled in by the subclass with a pair of states.
    _states = 1

    def _check_state_dims(self, states: tuple, batched: bool) -> None:
        dims, kind = (3, "batched") if batched else (2, "unbatched")
        if all(s.dim() == dims for s in states):
            return
        if self._states == 1:
            raise RuntimeError(
                f"For {kind} {dims}-D input, hx should also be {dims}-D but got {states[0].dim()}-D tensor"
            )
        got = ", ".join(f"{s.dim()}-D" for s in states)
        raise RuntimeError(f"For {kind} {dims}-D input, hx and cx should also be {dims}-D but got ({got}) tensors")

    def forward(self, input: Any, hx: Any = None) -> Any:
        self._update_flat_weights()
        packed = isinstance(input, PackedSequence)
        order = restore = batch_sizes = None
        batched = True
        if packed:
            input, batch_sizes, order, restore = input
            batch = int(batch_sizes[0])
        else:
            if input.dim() not in (2, 3):
                raise ValueError(f"{self._get_name()}: Expected input to be 2D or 3D, got {input.dim()}D instead")
            batched = input.dim() == 3
            if not batched:
                input = input.unsqueeze(0 if self.batch_first else 1)
            batch = input.size(0) if self.batch_first else input.size(1)
        if hx is None:
            made: dict[str, Any] = {"dtype": input.dtype, "device": input.device}
            hx = torch.zeros(self._state_size(batch, self.proj_size or self.hidden_size), **made)
            if self._states == 2:
                hx = (hx, torch.zeros(self._state_size(batch, self.hidden_size), **made))
        else:
            if not packed:
                states = (hx,) if self._states == 1 else (hx[0], hx[1])
                self._check_state_dims(states, batched)
                if not batched:
                    states = tuple(s.unsqueeze(1) for s in states)
                hx = states[0] if self._states == 1 else states
            hx = self.permute_hidden(hx, order)
        self.check_forward_args(input, hx, batch_sizes)
        op, weights, train = _OPS[self.mode], self._flat_weights, self.training
        if packed:
            result = op(
                input, batch_sizes, hx, weights, self.bias, self.num_layers, self.dropout, train, self.bidirectional
            )
        else:
            result = op(
                input,
                hx,
                weights,
                self.bias,
                self.num_layers,
                self.dropout,
                train,
                self.bidirectional,
                self.batch_first,
            )
        output, final = result[0], result[1:] if self._states == 2 else result[1]
        if packed:
            return PackedSequence(output, batch_sizes, order, restore), self.permute_hidden(final, restore)
        if not batched:
            output = output.squeeze(0 if self.batch_first else 1)
            final = tuple(s.squeeze(1) for s in final) if self._states == 2 else final.squeeze(1)
        return output, final

    def _update_flat_weights(self) -> None:
        """Do nothing: the parameters are looked up by name in every step."""


_SHAPES = r"""
    Shape:
        - Input: :math:`(L, N, H_{in})`, :math:`(N, L, H_{in})` if ``batch_first``, :math:`(L, H_{in})`, or a
          :class:`~torch.nn.utils.rnn.PackedSequence`
        - State: :math:`(D \cdot layers, N, H)` with D = 2 if ``bidirectional``; zeros if not given
        - Output: like the input with :math:`D \cdot H` features; and the last state
"""


class RNN(RNNBase):
    __doc__ = (
        r"""Computes :math:`h_t = \tanh(W_{ih} x_t + b_{ih} + W_{hh} h_{t-1} + b_{hh})`.

    The arguments are those of :class:`RNNBase` without ``mode``, and

    Args:
        nonlinearity: ``"tanh"`` or ``"relu"``. Default: ``"tanh"``
"""
        + _SHAPES
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        if len(args) > 3:
            self.nonlinearity = args[3]
            args = args[:3] + args[4:]
        else:
            self.nonlinearity = kwargs.pop("nonlinearity", "tanh")
        if self.nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity '{self.nonlinearity}'. Select from 'tanh' or 'relu'.")
        super().__init__(f"RNN_{self.nonlinearity.upper()}", *args, **kwargs)

    def forward(self, input: Any, hx: Any = None) -> Any:
        return super().forward(input, hx)


class LSTM(RNNBase):
    __doc__ = (
        r"""Long short-term memory (Hochreiter and Schmidhuber, 1997).

    With gates i, f, g, o of :math:`W_{ih} x_t + b_{ih} + W_{hh} h_{t-1} + b_{hh}`:
    :math:`c_t = \sigma(f) c_{t-1} + \sigma(i) \tanh(g)` and :math:`h_t = \sigma(o) \tanh(c_t)`. The state is the pair
    (h, c). The arguments are those of :class:`RNNBase` without ``mode``.
"""
        + _SHAPES
    )
    _states = 2

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__("LSTM", *args, **kwargs)

    def check_forward_args(self, input: torch.Tensor, hidden: Any, batch_sizes: torch.Tensor | None) -> None:
        self.check_input(input, batch_sizes)
        text = "Expected hidden[{}] size {{}}, got {{}}"
        self.check_hidden_size(hidden[0], self.get_expected_hidden_size(input, batch_sizes), text.format(0))
        self.check_hidden_size(hidden[1], self.get_expected_cell_size(input, batch_sizes), text.format(1))

    def permute_hidden(self, hx: Any, permutation: torch.Tensor | None) -> Any:
        return tuple(_permuted(h, permutation) for h in hx)

    def forward(self, input: Any, hx: Any = None) -> Any:
        return super().forward(input, hx)


class GRU(RNNBase):
    __doc__ = (
        r"""Gated recurrent units (Cho et al., 2014).

    With r, z and n the gates: :math:`n = \tanh(W_{in} x_t + b_{in} + r (W_{hn} h_{t-1} + b_{hn}))` and
    :math:`h_t = (1 - z) n + z h_{t-1}`. The arguments are those of :class:`RNNBase` without ``mode``.
"""
        + _SHAPES
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        super().__init__("GRU", *args, **kwargs)

    def forward(self, input: Any, hx: Any = None) -> Any:
        return super().forward(input, hx)


# ---- single steps ------------------------------------------------------------------------------------------------


class RNNCellBase(Module):
    """What the cells share."""

    __constants__ = ["input_size", "hidden_size", "bias"]
    bias_ih: torch.Tensor | None
    bias_hh: torch.Tensor | None

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool,
        num_chunks: int,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        made: dict[str, Any] = {"device": device, "dtype": dtype}
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        self.weight_ih = Parameter(torch.empty((num_chunks * hidden_size, input_size), **made))
        self.weight_hh = Parameter(torch.empty((num_chunks * hidden_size, hidden_size), **made))
        if bias:
            self.bias_ih = Parameter(torch.empty(num_chunks * hidden_size, **made))
            self.bias_hh = Parameter(torch.empty(num_chunks * hidden_size, **made))
        else:
            self.register_parameter("bias_ih", None)
            self.register_parameter("bias_hh", None)
        self.reset_parameters()

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}"
        if self.bias is not True:
            text += f", bias={self.bias}"
        if getattr(self, "nonlinearity", "tanh") != "tanh":
            text += f", nonlinearity={self.nonlinearity}"
        return text

    def reset_parameters(self) -> None:
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def _batch(self, input: torch.Tensor, states: tuple | None, count: int) -> tuple[torch.Tensor, tuple, bool]:
        """Return the input and states with a batch dimension, and whether they came with one."""
        name = self._get_name()
        if input.dim() not in (1, 2):
            raise ValueError(f"{name}: Expected input to be 1D or 2D, got {input.dim()}D instead")
        for i, state in enumerate(states or ()):
            if state.dim() not in (1, 2):
                place = f"hx[{i}]" if count == 2 else "hidden"
                raise ValueError(f"{name}: Expected {place} to be 1D or 2D, got {state.dim()}D instead")
        batched = input.dim() == 2
        if not batched:
            input = input.unsqueeze(0)
        if states is None:
            zeros = torch.zeros(input.size(0), self.hidden_size, dtype=input.dtype, device=input.device)
            states = (zeros,) * count
        elif not batched:
            states = tuple(s.unsqueeze(0) for s in states)
        return input, states, batched


class RNNCell(RNNCellBase):
    """One step of :class:`RNN`.

    Args:
        input_size: number of features of the input.
        hidden_size: number of features of the state.
        bias: whether there are biases. Default: ``True``
        nonlinearity: ``"tanh"`` or ``"relu"``. Default: ``"tanh"``
        device: where the parameters are.
        dtype: of the parameters.
    """

    __constants__ = ["input_size", "hidden_size", "bias", "nonlinearity"]

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: torch.Tensor, hx: torch.Tensor | None = None) -> torch.Tensor:
        input, states, batched = self._batch(input, None if hx is None else (hx,), 1)
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        op = torch.rnn_tanh_cell if self.nonlinearity == "tanh" else torch.rnn_relu_cell
        out = op(input, states[0], self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        return out if batched else out.squeeze(0)


class LSTMCell(RNNCellBase):
    """One step of :class:`LSTM`; the arguments are those of :class:`RNNCell` without ``nonlinearity``."""

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(
        self, input: torch.Tensor, hx: tuple[torch.Tensor, torch.Tensor] | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        input, states, batched = self._batch(input, None if hx is None else tuple(hx), 2)
        h, c = torch.lstm_cell(input, states, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        return (h, c) if batched else (h.squeeze(0), c.squeeze(0))


class GRUCell(RNNCellBase):
    """One step of :class:`GRU`; the arguments are those of :class:`RNNCell` without ``nonlinearity``."""

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: torch.Tensor, hx: torch.Tensor | None = None) -> torch.Tensor:
        input, states, batched = self._batch(input, None if hx is None else (hx,), 1)
        out = torch.gru_cell(input, states[0], self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        return out if batched else out.squeeze(0)
