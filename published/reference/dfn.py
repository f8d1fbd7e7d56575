"""S4 3.2: the network 784-200-10 on 20,000 digits, gradients written out by hand."""

import torch

from common import arguments, generators, keep, mnist, rows

IMAGES, EPOCHS, BATCH, RATE = 20_000, 20, 64, 0.01
SETTINGS = (
    "784-200-10, logistic, soft-max cross-entropy; weights 0.01 N(0, 1), biases 0; gradient "
    "descent, rate 0.01, batches of 64 shuffled each epoch; 20,000 random images of the 60,000 a "
    "seed, pixels in [-1, 1]; losses are means over batches, the smaller last one counting as "
    "the others; float32"
)


def train(gen, images, digits):
    """Train the network of one seed; give its parameters and the average loss of each epoch."""
    chosen = torch.randperm(len(images), generator=gen)[:IMAGES]
    images, targets = images[chosen], torch.nn.functional.one_hot(digits[chosen], 10).float()
    w1, b1 = 0.01 * torch.randn(784, 200, generator=gen), torch.zeros(200)
    w2, b2 = 0.01 * torch.randn(200, 10, generator=gen), torch.zeros(10)
    epochs = []
    for _ in range(EPOCHS):
        losses = []
        for batch in torch.randperm(IMAGES, generator=gen).split(BATCH):
            x, t = images[batch], targets[batch]
            a = torch.sigmoid(x @ w1 + b1)
            log_p = torch.log_softmax(a @ w2 + b2, 1)
            losses.append(-(t * log_p).sum() / len(batch))
            dz2 = (log_p.exp() - t) / len(batch)
            dz1 = (dz2 @ w2.T) * a * (1 - a)
            w2 -= RATE * (a.T @ dz2)
            b2 -= RATE * dz2.sum(0)
            w1 -= RATE * (x.T @ dz1)
            b1 -= RATE * dz1.sum(0)
        epochs.append(torch.stack(losses).double().mean().item())
    return (w1, b1, w2, b2), epochs


def main():
    """Train each seed and keep losses, their differences and test accuracies."""
    args = arguments(__doc__, 100)
    images, digits = mnist(args.data, "train")
    test_images, test_digits = mnist(args.data, "t10k")
    losses, accuracies = [], []
    for gen in generators(args.seeds):
        (w1, b1, w2, b2), epochs = train(gen, images, digits)
        logits = torch.sigmoid(test_images @ w1 + b1) @ w2 + b2
        losses.append(epochs)
        accuracies.append((logits.argmax(1) == test_digits).double().mean().item())
    metrics = {
        f"average loss, epoch {epoch + 1}": column for epoch, column in enumerate(zip(*losses))
    }
    deltas = {
        f"delta, epoch {epoch + 1}": [run[epoch - 1] - run[epoch] for run in losses]
        for epoch in range(1, EPOCHS)
    }
    metrics |= deltas | {"test accuracy": accuracies}
    keep(__file__, rows("mnist-mlp", "dfn", metrics, SETTINGS))


if __name__ == "__main__":
    main()
