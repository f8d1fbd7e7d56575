"""Sections 4.4.2 and 4.4.3: norms of the weight gradients of a network's first step."""

import torch
from torch.nn import functional

from common import (
    accuracy,
    arguments,
    cross_entropy,
    descend,
    draw_layers,
    forward,
    generators,
    keep,
    moon1000,
    rows,
)

CHAPTER = "ch4-feedforward"
WIDTHS, RATE = (2, 3, 3, 3, 3, 1), 0.01
SMALL = (
    "moons of noise 0.5, 640 to train, 160 to develop, one data set and one network a seed; "
    "2-3-3-3-3-1, hidden {hidden}, logistic output, binary cross-entropy; weights N(0, 0.01²), "
    "biases {bias}; L2 norms of the weight gradients and the loss before the first step, "
    "accuracy on the development set after it; gradient descent on all samples, rate 0.01; "
    "float32"
)
DEFAULT = (
    "as S3's code does it: the network 2-3-3-3-3-1 with hidden {hidden} as the framework starts "
    "it, weights and biases U(-1/√inputs, 1/√inputs); L2 norms of the first weights in place "
    "of gradients; the loss before the first step on the moons of noise 0.5, accuracy on the "
    "development set after it; gradient descent on all samples, rate 0.01; float32"
)
HIDDEN = {"logistic": torch.sigmoid, "ReLU": torch.relu, "leaky ReLU": functional.leaky_relu}


def default_layers(gens):
    """Draw the parameters that the framework starts a linear layer with."""

    def uniform(*shape, limit):
        draws = [2 * limit * torch.rand(*shape, generator=gen) - limit for gen in gens]
        return torch.stack(draws).requires_grad_()

    return [
        [uniform(inputs, outputs, limit=inputs**-0.5), uniform(1, outputs, limit=inputs**-0.5)]
        for inputs, outputs in zip(WIDTHS, WIDTHS[1:])
    ]


def norms(tensors):
    """Compute the L2 norms of a list of stacked matrices."""
    return [tensor.detach().double().square().sum((1, 2)).sqrt().numpy() for tensor in tensors]


def first_step(layers, name, splits):
    """Take one step; give norms of weights and their gradients, the loss and the accuracy."""
    (x, y), (dev_x, dev_y), _ = splits
    loss = cross_entropy(forward(layers, x, HIDDEN[name]), y)
    weights = [weight for weight, _ in layers]
    gradients = torch.autograd.grad(loss.sum(), weights, retain_graph=True)
    numbers = {
        "weights": norms(weights),
        "gradients": norms(gradients),
        "loss": loss.detach().numpy(),
    }
    descend(layers, loss, RATE)
    with torch.no_grad():
        score = accuracy(forward(layers, dev_x, HIDDEN[name]), dev_y)
    return numbers | {"dev accuracy": score.numpy()}


def small_weights(section, name, bias, seeds, with_loss=False):
    """Make the rows of a network with small weights."""
    gens = generators(seeds)
    splits = moon1000(0.5, gens)
    numbers = first_step(draw_layers(gens, WIDTHS, sd=0.01, bias=bias), name, splits)
    metrics = {f"{name}, dev accuracy": numbers["dev accuracy"]}
    if numbers["gradients"][0].any():
        metrics |= {
            f"{name}, layer {layer + 1}": norm for layer, norm in enumerate(numbers["gradients"])
        }
    if with_loss:
        metrics[f"{name}, loss"] = numbers["loss"]
    return rows(CHAPTER, section, metrics, SMALL.format(hidden=name, bias=bias))


def default_start(section, name, seeds, with_loss=False):
    """Make the rows of a network that starts as the framework starts it."""
    gens = generators(seeds)
    splits = moon1000(0.5, gens)
    numbers = first_step(default_layers(gens), name, splits)
    metrics = {
        f"S3: {name}, layer {layer + 1}": norm for layer, norm in enumerate(numbers["weights"])
    }
    metrics[f"S3: {name}, dev accuracy"] = numbers["dev accuracy"]
    if with_loss:
        metrics[f"S3: {name}, loss"] = numbers["loss"]
    return rows(CHAPTER, section, metrics, DEFAULT.format(hidden=name))


def main():
    """Take the first step of each network."""
    seeds = arguments(__doc__, 200).seeds
    made = []
    for name in ("logistic", "ReLU"):
        made += small_weights("vanishing-gradient", name, 1.0, seeds)
        made += default_start("vanishing-gradient", name, seeds)
    for name, with_loss in (("ReLU", False), ("leaky ReLU", True)):
        made += small_weights("dying-relu", name, -8.0, seeds, with_loss)
        made += default_start("dying-relu", name, seeds, with_loss)
    keep(__file__, made)


if __name__ == "__main__":
    main()
