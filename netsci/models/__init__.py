"""Networks with sparse linear layers: multilayer perceptrons, convolutional networks, transformers (torch)."""
