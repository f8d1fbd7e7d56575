"""Section 4.1.1: the net input of a neuron."""

import torch

from common import arguments, generators, keep, rows

SETTINGS = (
    "z = xw + b of one sample of five features; features, weights and bias from U(0, 1); float32"
)


def main():
    """Draw a neuron and two samples for each seed."""
    gens = generators(arguments(__doc__, 1000).seeds)
    x = torch.stack([torch.rand(2, 5, generator=gen) for gen in gens])
    w = torch.stack([torch.rand(5, 1, generator=gen) for gen in gens])
    b = torch.stack([torch.rand(1, 1, generator=gen) for gen in gens])
    z = (x @ w + b)[:, :, 0].T
    metrics = {f"z, sample {sample + 1}": values for sample, values in enumerate(z)}
    keep(__file__, rows("ch4-feedforward", "neuron", metrics, SETTINGS))


if __name__ == "__main__":
    main()
