"""Section 4.5, by the book's notebook: a network 4-6-3 on shuffled batches of iris flowers."""

import csv

import torch

from common import arguments, descend, draw_layers, forward, generators, keep, printed, rows

CHAPTER, SECTION = "iris", "train"
EPOCHS, BATCH, STEPS, RATE = 150, 16, 1200, 0.2
EVALUATE, LOG = 50, 100
SETTINGS = (
    "150 flowers, each length scaled to [0, 1] over all of them, one random split into 120, 15 "
    "and 15 a seed; 4-6-3, logistic, soft-max cross-entropy; weights N(0, 0.01²), biases 1; "
    "gradient descent, rate 0.2, batches of 16 (the last of 8) shuffled each epoch, 150 epochs; "
    "losses of single batches before their steps, development set after them, steps counted from "
    "0; float32"
)


def flowers(data):
    """Read the scaled lengths and the classes of all flowers."""
    with open(data / "iris" / "iris.csv", encoding="utf-8", newline="") as file:
        lines = list(csv.reader(file))[1:]
    x = torch.tensor([[float(length) for length in line[:4]] for line in lines])
    names = sorted({line[4] for line in lines})
    low, high = x.min(0).values, x.max(0).values
    return (x - low) / (high - low), torch.tensor([names.index(line[4]) for line in lines])


def softmax_loss(logits, y):
    """Compute the cross-entropy of each seed, a mean over its samples."""
    picked = torch.log_softmax(logits, 2).gather(2, y.unsqueeze(2))
    return -picked.mean((1, 2))


def train(gens, x, y):
    """Train a network for each seed; give each number by its name."""
    order = torch.stack([torch.randperm(len(x), generator=gen) for gen in gens])
    training, dev = order[:, :120], order[:, 120:135]
    layers = draw_layers(gens, (4, 6, 3), sd=0.01, bias=1.0)
    numbers, step = {}, 0
    for _ in range(EPOCHS):
        shuffled = torch.stack(
            [own[torch.randperm(120, generator=gen)] for own, gen in zip(training, gens)]
        )
        for batch in shuffled.split(BATCH, 1):
            losses = softmax_loss(forward(layers, x[batch], torch.sigmoid), y[batch])
            if step % LOG == 0:
                numbers[f"train loss, step {step}"] = losses.detach().numpy()
            descend(layers, losses, RATE)
            if step % EVALUATE == 0 or step == STEPS - 1:
                with torch.no_grad():
                    logits = forward(layers, x[dev], torch.sigmoid)
                numbers[f"dev loss, step {step}"] = softmax_loss(logits, y[dev]).numpy()
                right = logits.argmax(2) == y[dev]
                numbers[f"dev accuracy, step {step}"] = right.double().mean(1).numpy()
            step += 1
    return numbers


def main():
    """Train all seeds and keep what the notebook prints."""
    args = arguments(__doc__, 1000)
    numbers = train(generators(args.seeds), *flowers(args.data))
    metrics = {metric: numbers[metric] for metric in printed(CHAPTER, SECTION)}
    keep(__file__, rows(CHAPTER, SECTION, metrics, SETTINGS))


if __name__ == "__main__":
    main()
