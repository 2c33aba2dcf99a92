"""A dense linear layer whose output has features first in memory."""

from torch import Tensor, nn


class FeatureMajorLinear(nn.Linear):
    """`torch.nn.Linear` whose output [..., out] has the memory order [out, ...].

    Neurons and sparse layers use this order, so nothing is
    transposed between layers. Parameters, their names and the results are those of `torch.nn.Linear`.

    Examples
    --------
    >>> import torch
    >>> FeatureMajorLinear(3, 2)(torch.ones(5, 4, 3)).permute(2, 0, 1).is_contiguous()
    True
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return input @ weight.T + bias, of shape [..., out].

        Raises ValueError unless input is [..., in].
        """
        if input.ndim == 0 or input.shape[-1] != self.in_features:
            raise ValueError(
                f"x must be [..., {self.in_features}], inputs last; its shape is {list(input.shape)}"
            )
        if input.ndim < 2:
            return super().forward(input)
        rows = input.movedim(-1, 0)
        out = self.weight @ rows.reshape(self.in_features, rows[0].numel())
        if self.bias is not None:
            out = out + self.bias[:, None]
        return out.reshape(self.out_features, *rows.shape[1:]).movedim(0, -1)
