"""The workloads of `cargo xtask bench` in PyTorch.

Arguments: number of threads, folder of the MNIST files. Each line of the standard input names a workload and is answered by the seconds that
its training takes, or by "none" if it is not among them; models and data are made before the clock starts.
"""

import gzip
import math
import sys
import time
from functools import cache

import torch
import torch.nn.functional as F
from torch import nn

torch.set_num_threads(int(sys.argv[1]))


@cache
def digits():
    def read(name, header):
        with gzip.open(f"{sys.argv[2]}/{name}.gz") as file:
            return torch.frombuffer(bytearray(file.read()), dtype=torch.uint8, offset=header)

    pixels, labels = read("train-images-idx3-ubyte", 16), read("train-labels-idx1-ubyte", 8)
    return pixels.view(-1, 784)[:20000].float() / 255, labels[:20000].long()


def moons(n):
    t = torch.linspace(0, math.pi, n // 2)
    x = torch.cat([torch.stack([t.cos(), t.sin()], 1), torch.stack([1 - t.cos(), 0.5 - t.sin()], 1)])
    y = torch.cat([torch.zeros(n // 2, 1), torch.ones(n // 2, 1)])
    order = torch.randperm(n)
    return x[order] + 0.5 * torch.randn(n, 2), y[order]


def layers(sizes, activation):
    """Linear layers with an activation function between them."""
    linear = [nn.Linear(*pair) for pair in zip(sizes, sizes[1:])]
    return nn.Sequential(*[part for layer in linear for part in (layer, activation())][:-1])


def batches(x, y, size, steps):
    return [(x[i * size : (i + 1) * size], y[i * size : (i + 1) * size]) for i in range(steps)]


def training(model, optimizer, loss, steps):
    def run():
        for x, y in steps:
            optimizer.zero_grad()
            loss(model(x), y).backward()
            optimizer.step()

    return run


def moons_mlp():
    x, y = moons(1000)
    model = nn.Sequential(nn.Linear(2, 5), nn.Sigmoid(), nn.Linear(5, 1), nn.Sigmoid())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2)

    def score(rows):
        p = model(x[rows])
        return F.binary_cross_entropy(p, y[rows]), ((p >= 0.5).float() == y[rows]).float().mean()

    def run():
        for _ in range(1000):
            loss, _ = score(slice(640))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                [value.item() for value in score(slice(640, 800))]

    return run


def overfit(steps):
    x, y = (part[:200] for part in moons(300))
    model = layers([2, 20, 3, 1], nn.ReLU)
    sgd = torch.optim.SGD(model.parameters(), lr=0.2)
    return training(model, sgd, F.binary_cross_entropy_with_logits, [(x, y)] * steps)


def by_hand(weights, biases, activate, derivative, output, rate):
    """A step of gradient descent of a network of two or more layers; `output` turns logits into what is compared with the targets."""

    def step(x, targets):
        a = [x]
        for w, b in zip(weights[:-1], biases[:-1]):
            a.append(activate(torch.addmm(b, a[-1], w)))
        delta = (output(torch.addmm(biases[-1], a[-1], weights[-1])) - targets) / len(x)
        for layer in reversed(range(len(weights))):
            w, b = weights[layer], biases[layer]
            dw, db = a[layer].T @ delta, delta.sum(0)
            if layer > 0:
                delta = (delta @ w.T) * derivative(a[layer])
            w -= rate * dw
            b -= rate * db

    return step


def overfit_by_hand(steps):
    x, y = (part[:200] for part in moons(300))
    sizes = [2, 20, 3, 1]
    weights, biases = [torch.randn(*pair) for pair in zip(sizes, sizes[1:])], [torch.zeros(n) for n in sizes[1:]]
    step = by_hand(weights, biases, torch.relu, lambda a: a > 0, torch.sigmoid, 0.2)
    return lambda: [step(x, y) for _ in range(steps)]


def dfn():
    x, y = digits()
    one_hot = F.one_hot(y, 10).float()
    weights, biases = [0.01 * torch.randn(784, 200), 0.01 * torch.randn(200, 10)], [torch.zeros(200), torch.zeros(10)]
    step = by_hand(weights, biases, torch.sigmoid, lambda a: a * (1 - a), lambda z: torch.softmax(z, 1), 0.01)
    return lambda: [step(x[rows], one_hot[rows]) for rows in torch.randperm(20000).split(64)]


def mlp():
    model = layers([784, 1500, 500, 10], nn.LeakyReLU)
    return training(model, torch.optim.Adam(model.parameters(), lr=0.001), F.cross_entropy, batches(*digits(), 64, 100))


def tanh():
    x, y = moons(200)
    model = layers([2, 300, 500, 700, 400, 1], nn.Tanh)
    sgd = torch.optim.SGD(model.parameters(), lr=0.005)
    return training(model, sgd, F.binary_cross_entropy_with_logits, batches(x, y, 10, 20))


def lenet(size):
    x, y = digits()
    first = [nn.Conv2d(1, 6, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    second = [nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()]
    model = nn.Sequential(*first, *second, nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10))
    sgd = torch.optim.SGD(model.parameters(), lr=0.01 * size / 16)
    return training(model, sgd, F.cross_entropy, batches(x.view(-1, 1, 28, 28), y, size, 12800 // size))


def batch_norm():
    x, y = digits()
    block = lambda channels: [nn.Conv2d(channels, 20, 5, padding=2), nn.BatchNorm2d(20), nn.ReLU(), nn.MaxPool2d(2)]
    model = nn.Sequential(*block(1), *block(20), nn.Flatten(), nn.Linear(980, 10))
    adam = torch.optim.Adam(model.parameters(), lr=0.01)
    return training(model, adam, F.cross_entropy, batches(x.view(-1, 1, 28, 28), y, 64, 100))


def fast():
    x, y = digits()
    block = lambda *channels: [nn.Conv2d(*channels, 5), nn.MaxPool2d(2), nn.BatchNorm2d(channels[1]), nn.ReLU()]
    model = nn.Sequential(*block(1, 8), *block(8, 24), nn.Flatten(), nn.Linear(384, 10))
    adam = torch.optim.Adam(model.parameters(), lr=0.01)
    return training(model, adam, F.cross_entropy, batches(x.view(-1, 1, 28, 28), y, 64, 200))


# Each workload and the share of its steps that is timed: a tenth where all of them would take minutes.
WORKLOADS = {
    "moons": (moons_mlp, 1),
    "overfit": (lambda: overfit(5000), 0.1),
    "overfit-by-hand": (lambda: overfit_by_hand(5000), 0.1),
    "mlp": (mlp, 1),
    "dfn": (dfn, 1),
    "lenet-16": (lambda: lenet(16), 1),
    "lenet-64": (lambda: lenet(64), 1),
    "lenet-256": (lambda: lenet(256), 1),
    "batch-norm": (batch_norm, 1),
    "fast": (fast, 1),
    "tanh": (tanh, 1),
}

print("ready", flush=True)
for line in sys.stdin:
    name = line.strip()
    if name not in WORKLOADS:
        print("none", flush=True)
        continue
    make, share = WORKLOADS[name]
    run = make()
    start = time.perf_counter()
    run()
    print((time.perf_counter() - start) / share, flush=True)
