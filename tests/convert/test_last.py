"""The answer after all steps without the steps between is that of the simulation."""

import numpy as np
import pytest
import torch
from torch import nn

from netsci.convert import convert
from netsci.convert.last import mean_output
from tests.convert.networks import mixed, perceptron, residual, resnet, vgg

NETS = {
    "one hidden layer": (lambda: perceptron((12, 30, 4)), (12,)),
    "perceptron": (perceptron, (12,)),
    "residual": (residual, (2, 8, 8)),
    "mixed": (mixed, (2, 8, 8)),
    "vgg": (vgg, (2, 8, 8)),
    "resnet": (resnet, (2, 8, 8)),
}


class Beside(nn.Module):
    """The first neurons are read by the output and by others."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(3)
        self.a, self.b, self.c, self.d = nn.Linear(6, 5), nn.Linear(5, 5), nn.Linear(5, 3), nn.Linear(6, 3)

    def forward(self, x):
        first = torch.relu(self.a(x))
        return self.c(torch.relu(self.b(first)) + first) + self.d(x)


NETS["beside"] = (lambda: Beside().eval(), (6,))


@pytest.mark.parametrize("method", ["qcfs", "cs_qcfs", "snm"])
@pytest.mark.parametrize("name", NETS)
def test_the_mean_output_is_that_of_the_simulation(name, method):
    make, shape = NETS[name]
    x = torch.rand(15, *shape, generator=torch.Generator().manual_seed(2))
    model = convert(make(), method, x)
    for steps in (1, 5, 16, 37):
        currents = model.currents(x, steps).astype(np.float64)
        found = mean_output(model.network, x, steps)
        scale = np.abs(currents).max()
        assert np.abs(np.asarray(found) - currents.mean(0)).max() <= 1e-5 * scale
        top = np.sort(currents.sum(0), axis=1)
        clear = top[:, -1] - top[:, -2] > 1e-4 * scale * steps
        assert (model.classify(x, steps)[clear] == model.predict(x, steps)[-1][clear]).all()
    assert clear.any()


def test_images_in_parts_and_bad_input():
    x = torch.rand(600, 12)
    model = convert(perceptron(), "qcfs", x)
    assert (model.classify(x) == np.concatenate([model.classify(part) for part in x.split(100)])).all()
    assert model.classify(x).dtype == np.int64
    with pytest.raises(ValueError, match="x must be"):
        model.classify(x[:, :5])
