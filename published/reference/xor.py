"""S4 5: two ReLUs learn XOR, gradients written out by hand."""

import torch

from common import arguments, generators, keep, normal, rows

EPOCHS, RATE, REPORT = 20_001, 1.0, 5000
SETTINGS = (
    "2-2-1, ReLU, half the mean squared error over the four samples; weights N(0, 1), biases 0; "
    "gradient descent on all four, rate 1, 20,001 steps; losses before steps 1, 5001, 10,001, "
    "15,001 and 20,001 of all starts, those that arrive and those that do not; the delta is what "
    "the loss lost since step 1; float64"
)


def train(gens):
    """Train all starts side by side; give the losses that are printed."""
    x = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=torch.float64)
    y = torch.tensor([[0], [1], [1], [0]], dtype=torch.float64)
    w1, w2 = normal(gens, 2, 2, dtype=torch.float64), normal(gens, 2, 1, dtype=torch.float64)
    b1, b2 = torch.zeros_like(w1[:, :1]), torch.zeros_like(w2[:, :1])
    losses = {}
    for epoch in range(EPOCHS):
        z1 = x @ w1 + b1
        a1 = z1.clamp(min=0)
        error = a1 @ w2 + b2 - y
        if epoch % REPORT == 0:
            losses[epoch + 1] = error.square().sum((1, 2)) / 8
        dz2 = error / 4
        dz1 = (dz2 @ w2.mT) * (z1 > 0)
        w2 -= RATE * (a1.mT @ dz2)
        b2 -= RATE * dz2.sum(1, keepdim=True)
        w1 -= RATE * (x.T @ dz1)
        b1 -= RATE * dz1.sum(1, keepdim=True)
    return losses


def main():
    """Train, and keep losses and what they lose between two lines."""
    losses = train(generators(arguments(__doc__, 1000).seeds))
    metrics = {"initial loss": losses[1], "final loss": losses[EPOCHS]}
    metrics |= {f"loss, epoch {epoch}": losses[epoch] for epoch in (5001, 10_001, 15_001)}
    # All later deltas are rounding noise: after 5000 steps every start is where it stays.
    metrics["delta, epoch 5001"] = losses[1] - losses[5001]
    print(f"{(losses[EPOCHS] < 5e-4).sum()} of {len(losses[1])} starts learn XOR")
    keep(__file__, rows("ch4-feedforward", "xor", metrics, SETTINGS))


if __name__ == "__main__":
    main()
