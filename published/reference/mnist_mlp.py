"""S2 question 2: the network 784-1500-500-10 on all digits with Adam, three epochs."""

import torch
from torch import nn

from common import arguments, generators, keep, mnist, rows

EPOCHS, BATCH, RATE = 3, 64, 0.001
SETTINGS = (
    "784-1500-500-10, leaky ReLU of slope 0.01, soft-max cross-entropy; weights uniform after "
    "Xavier, biases 0; Adam, rate 0.001, betas 0.9 and 0.999, eps 1e-8 outside the root; batches "
    "of 64 of the 60,000 images shuffled each epoch, three epochs; pixels in [-1, 1]; float32"
)


def network(gen):
    """Make the network of one seed."""
    model = nn.Sequential(
        nn.Linear(784, 1500),
        nn.LeakyReLU(0.01),
        nn.Linear(1500, 500),
        nn.LeakyReLU(0.01),
        nn.Linear(500, 10),
    )
    for layer in model[::2]:
        nn.init.xavier_uniform_(layer.weight, generator=gen)
        nn.init.zeros_(layer.bias)
    return model


def train(gen, images, digits):
    """Train the network of one seed."""
    model = network(gen)
    adam = torch.optim.Adam(model.parameters(), lr=RATE)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(images), generator=gen).split(BATCH):
            adam.zero_grad()
            nn.functional.cross_entropy(model(images[batch]), digits[batch]).backward()
            adam.step()
    return model


def main():
    """Train each seed and keep the test accuracies and the losses of the last test batch."""
    args = arguments(__doc__, 20)
    images, digits = mnist(args.data, "train")
    test_images, test_digits = mnist(args.data, "t10k")
    accuracies, lasts = [], []
    # The source evaluates in batches of the same size, in the order of the file: the last has 16.
    last = slice((len(test_images) - 1) // BATCH * BATCH, None)
    for seed, gen in enumerate(generators(args.seeds)):
        model = train(gen, images, digits)
        with torch.no_grad():
            logits = model(test_images)
        right = logits.argmax(1) == test_digits
        lasts.append(nn.functional.cross_entropy(logits[last], test_digits[last]).item())
        accuracies.append(right.double().mean().item())
        print(f"seed {seed}: {accuracies[-1]:.4f}", flush=True)
    metrics = {"test accuracy": accuracies, "loss of the last test batch": lasts}
    keep(__file__, rows("mnist-mlp", "train", metrics, SETTINGS))


if __name__ == "__main__":
    main()
