"""Models: multilayer perceptrons, convolutional networks and transformers, with neurons that spike or not."""

from netsci.models.conv import SpikingConvNet, conv2fc2, conv6fc2
from netsci.models.linear import FeatureMajorLinear
from netsci.models.mlp import MLP, SpikingMLP, mlp
from netsci.models.resnet import SpikingResNet, resnet18
from netsci.models.spikformer import Spikformer, spikformer, spikformer_tiny

__all__ = [
    "MLP",
    "FeatureMajorLinear",
    "Spikformer",
    "SpikingConvNet",
    "SpikingMLP",
    "SpikingResNet",
    "conv2fc2",
    "conv6fc2",
    "mlp",
    "resnet18",
    "spikformer",
    "spikformer_tiny",
]
