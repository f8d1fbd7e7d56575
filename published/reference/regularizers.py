"""Section 7.6: a network that over-fits, without regularisation and with three kinds."""

import torch

from common import (
    accuracy,
    arguments,
    cross_entropy,
    draw_layers,
    forward,
    generators,
    keep,
    moons,
    rows,
)

CHAPTER = "ch7-optimization"
STEPS, RATE = 50_000, 0.2
TRAIN, ALL = 200, 300
LAMBDA, BETA, DROPPED = 0.7, 0.001, 0.3
# Steps whose masks of dropout are drawn at once.
MASKS = 500
SETTINGS = (
    "moons of noise 0.5, 200 to train and 100 to test, one data set and one network a seed; "
    "2-20-3-1, ReLU, binary cross-entropy of logits; weights N(0, 1), biases 0; gradient descent "
    "on all samples, rate 0.2, 50,000 steps; {method}; accuracies of the last model; float32"
)
METHODS = {
    "overfit": "no regularisation",
    "l2": "(0.7 / 2N) Σ W² over the weights in the loss",
    "weight-decay": "each step first shrinks all parameters by 0.001",
    "dropout": (
        "each activation of both hidden layers dropped with probability 0.3, the others "
        "divided by 0.7"
    ),
}


def dropouts(gens):
    """Yield for each step a hidden function that drops units: each call takes the next mask."""
    while True:
        draws = torch.stack([torch.rand(MASKS, TRAIN, 23, generator=gen) for gen in gens])
        masks = (draws >= DROPPED).float() / (1 - DROPPED)
        for step in range(MASKS):
            both = iter(masks[:, step].split((20, 3), 2))
            yield lambda z, masks=both: torch.relu(z) * next(masks)


def train(method, gens):
    """Train a network for each seed with a method; give its accuracies."""
    x, y = moons(ALL, 0.5, gens)
    layers = draw_layers(gens, (2, 20, 3, 1))
    hidden = dropouts(gens)
    parameters = [tensor for layer in layers for tensor in layer]
    weights = [weight for weight, _ in layers]
    for _ in range(STEPS):
        f = next(hidden) if method == "dropout" else torch.relu
        losses = cross_entropy(forward(layers, x[:, :TRAIN], f), y[:, :TRAIN])
        gradients = torch.autograd.grad(losses.sum(), parameters)
        with torch.no_grad():
            if method == "l2":
                for weight, gradient in zip(weights, gradients[::2]):
                    gradient += LAMBDA / TRAIN * weight
            for tensor, gradient in zip(parameters, gradients):
                if method == "weight-decay":
                    tensor *= 1 - BETA
                tensor -= RATE * gradient
    with torch.no_grad():
        right = forward(layers, x, torch.relu)
    return accuracy(right[:, :TRAIN], y[:, :TRAIN]), accuracy(right[:, TRAIN:], y[:, TRAIN:])


def main():
    """Train with each method; all have the data and the first weights of their seeds in common."""
    seeds = arguments(__doc__, 20).seeds
    made = []
    for method, words in METHODS.items():
        scores = train(method, generators(seeds))
        metrics = dict(zip(("train accuracy", "test accuracy"), scores))
        print(method, [f"{score.mean():.4f}" for score in scores], flush=True)
        made += rows(CHAPTER, method, metrics, SETTINGS.format(method=words))
    keep(__file__, made)


if __name__ == "__main__":
    main()
