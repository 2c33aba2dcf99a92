"""Models: multilayer perceptrons, convolutional networks and transformers, with neurons that spike or not."""

from netsci.choices import ACTIVATIONS, ARCHITECTURES, READOUTS
from netsci.models.architecture import Architecture
from netsci.models.conv import conv2fc2, conv6fc2
from netsci.models.conv_net import ConvNet, SpikingConvNet
from netsci.models.dropout import Dropout
from netsci.models.linear import FeatureMajorLinear
from netsci.models.mlp import MLP, SpikingMLP, mlp
from netsci.models.resnet import ResNet, SpikingResNet, resnet18
from netsci.models.spikformer import Spikformer, spikformer, spikformer_tiny
from netsci.models.stochastic_depth import StochasticDepth
from netsci.models.timm_keys import load_timm
from netsci.models.vgg import VGG, vgg16
from netsci.models.vit import ViT, deit_small, deit_tiny, vit

__all__ = [
    "ACTIVATIONS",
    "ARCHITECTURES",
    "MLP",
    "READOUTS",
    "VGG",
    "Architecture",
    "ConvNet",
    "Dropout",
    "FeatureMajorLinear",
    "ResNet",
    "Spikformer",
    "SpikingConvNet",
    "SpikingMLP",
    "SpikingResNet",
    "StochasticDepth",
    "ViT",
    "conv2fc2",
    "conv6fc2",
    "deit_small",
    "deit_tiny",
    "load_timm",
    "mlp",
    "resnet18",
    "spikformer",
    "spikformer_tiny",
    "vgg16",
    "vit",
]
