"""Sections 4.2, 4.3 and 4.4.1 on the moons: the two-layer network, S3's grid, a start at zero."""

import torch

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
    normal,
    printed,
    rows,
)

CHAPTER = "ch4-feedforward"
EPOCHS = 1000
# Seeds that are trained side by side: their activations fit into a processor's cache.
STACK = 50
# Seeds of a cell of S3's grid, and the noise that its numbers hint at.
GRID_SEEDS, GRID_NOISE = 50, 0.1
ZERO_SEEDS, ZERO_EPOCHS = 100, 5
NETWORK = (
    "moons of noise {noise}, 640 to train, 160 to develop, 200 to test, one network a seed; "
    "2-{hidden}-1, logistic, binary cross-entropy; weights N(0, 1), biases 0; gradient descent "
    "on all samples, rate {rate}, 1000 epochs; the loss of an epoch stands before its step; "
    "tested is the first model with the best accuracy on the development set; float32"
)
ZERO = (
    "moons of noise 0.5, 640 to train, 160 to develop, one data set a seed; 2-5-1, logistic, "
    "binary cross-entropy; all parameters 0 (epoch 0); gradient descent on all samples, rate "
    "0.2, five epochs; the best of the five accuracies on the development set; float32"
)
SAMPLE = (
    "5-10-1, logistic; weights N(0, 1), biases 0; one sample of five numbers from U(0, 1) a "
    "seed; float32"
)


def train(gens, noise, hidden, rate):
    """Train a network for each seed; give all losses and the results of the best models."""
    (x, y), (dev_x, dev_y), (test_x, test_y) = moon1000(noise, gens)
    layers = draw_layers(gens, (2, hidden, 1))
    losses, best, kept = [], torch.zeros(len(gens), dtype=torch.float64), None
    for _ in range(EPOCHS):
        loss = cross_entropy(forward(layers, x, torch.sigmoid), y)
        losses.append(loss.detach())
        descend(layers, loss, rate)
        with torch.no_grad():
            score = accuracy(forward(layers, dev_x, torch.sigmoid), dev_y)
            better = score > best
            best = torch.where(better, score, best)
            now = [[tensor.detach().clone() for tensor in layer] for layer in layers]
            if kept is not None:
                pick = better.view(-1, 1, 1)
                now = [
                    [torch.where(pick, *pair) for pair in zip(*both)] for both in zip(now, kept)
                ]
            kept = now
    logits = forward(kept, test_x, torch.sigmoid)
    return torch.stack(losses), best, accuracy(logits, test_y), cross_entropy(logits, test_y)


def experiment(seeds, noise, hidden, rate):
    """Train all seeds, a stack at a time; give each number by its name."""
    gens = generators(seeds)
    stacks = [train(gens[i : i + STACK], noise, hidden, rate) for i in range(0, seeds, STACK)]
    losses, best, score, loss = (torch.cat(parts, -1) for parts in zip(*stacks))
    print(
        f"noise {noise}, 2-{hidden}-1, rate {rate}: test accuracy {score.mean():.4f}", flush=True
    )
    numbers = {f"loss, epoch {epoch}": row.numpy() for epoch, row in enumerate(losses)}
    ends = {"best dev accuracy": best, "test accuracy": score, "test loss": loss}
    return numbers | {name: values.numpy() for name, values in ends.items()}


def zero_init():
    """Train networks that start at zero; give each number by its name."""
    (x, y), (dev_x, dev_y), _ = moon1000(0.5, generators(ZERO_SEEDS))
    layers = draw_layers(generators(ZERO_SEEDS), (2, 5, 1), sd=0.0)
    numbers, best = {}, torch.zeros(ZERO_SEEDS, dtype=torch.float64)
    for epoch in range(ZERO_EPOCHS):
        (w1, b1), (w2, b2) = layers
        # All hidden units are equal: the first stands for them.
        units = {
            "W1[0]": w1[:, 0, 0],
            "W1[1]": w1[:, 1, 0],
            "b1": b1[:, 0, 0],
            "W2": w2[:, 0, 0],
            "b2": b2[:, 0, 0],
        }
        for name, values in units.items():
            numbers[f"epoch {epoch}, {name}"] = values.detach().numpy().copy()
        loss = cross_entropy(forward(layers, x, torch.sigmoid), y)
        numbers[f"train loss, epoch {epoch}"] = loss.detach().numpy()
        descend(layers, loss, 0.2)
        with torch.no_grad():
            best = torch.maximum(best, accuracy(forward(layers, dev_x, torch.sigmoid), dev_y))
    return numbers | {"best dev accuracy": best.numpy()}


def one_sample(seeds):
    """Compute the output of an untrained network for one sample."""
    gens = generators(seeds)
    x = torch.stack([torch.rand(1, 5, generator=gen) for gen in gens])
    hidden = torch.sigmoid(x @ normal(gens, 5, 10))
    return torch.sigmoid(hidden @ normal(gens, 10, 1))[:, 0, 0].numpy()


def two_layers(numbers, seeds):
    """Make the rows of sections 4.2 and 4.3, which do one experiment in two ways."""
    made = []
    for section in ("manual-mlp", "autograd-mlp"):
        for metric in printed(CHAPTER, section):
            if metric == "output for one sample":
                made += rows(CHAPTER, section, {metric: one_sample(seeds)}, SAMPLE)
            else:
                values = numbers[metric.removeprefix("train ") if "epoch" in metric else metric]
                made += rows(
                    CHAPTER,
                    section,
                    {metric: values},
                    NETWORK.format(noise=0.5, hidden=5, rate=0.2),
                )
    return made


def grid(cells):
    """Make the rows of S3's grid; each metric names its run and cell before the colon."""
    made = []
    for metric in printed(CHAPTER, "hidden-layers"):
        cell, name = metric.split(": ")
        hidden, rate = cell.split("hidden ")[1].split(", lr ")
        key = int(hidden), float(rate)
        if key not in cells:
            cells[key] = experiment(GRID_SEEDS, GRID_NOISE, *key)
        made += rows(
            CHAPTER,
            "hidden-layers",
            {metric: cells[key][name]},
            NETWORK.format(noise=GRID_NOISE, hidden=hidden, rate=rate),
        )
    return made


def two_runs(numbers, cells):
    """Make the rows of S3's two runs, by hand at the book's noise and by tape at a smaller one."""
    made = []
    for way, noise, source in (("hand", 0.5, numbers), ("tape", GRID_NOISE, cells[5, 0.2])):
        metrics = {
            f"S3 4.3 by {way}, {name}": source[name] for name in ("test accuracy", "test loss")
        }
        made += rows(
            CHAPTER, "manual-vs-autograd", metrics, NETWORK.format(noise=noise, hidden=5, rate=0.2)
        )
    return made


def zeros():
    """Make the rows of section 4.4.1."""
    numbers = zero_init()
    metrics = {
        metric: numbers[metric.removeprefix("S3 4.4.1 ")] for metric in printed(CHAPTER, "zero-init")
    }
    return rows(CHAPTER, "zero-init", metrics, ZERO)


def main():
    """Run the experiments one after the other."""
    args = arguments(__doc__, 1000)
    cells = {}
    numbers = experiment(args.seeds, 0.5, 5, 0.2)
    keep(
        __file__,
        two_layers(numbers, args.seeds) + grid(cells) + two_runs(numbers, cells) + zeros(),
    )


if __name__ == "__main__":
    main()
