"""The moons workload of `cargo xtask bench` in PyTorch, two threads: prints the best of five times in seconds."""

import math
import time

import torch
import torch.nn.functional as F

torch.set_num_threads(2)
t = torch.linspace(0, math.pi, 500)
x = torch.cat([torch.stack([t.cos(), t.sin()], 1), torch.stack([1 - t.cos(), 0.5 - t.sin()], 1)])
y = torch.cat([torch.zeros(500, 1), torch.ones(500, 1)])
order = torch.randperm(1000)
x, y = x[order] + 0.5 * torch.randn(1000, 2), y[order]


def run():
    net = torch.nn.Sequential(torch.nn.Linear(2, 5), torch.nn.Sigmoid(), torch.nn.Linear(5, 1), torch.nn.Sigmoid())
    optimizer = torch.optim.SGD(net.parameters(), lr=0.2)
    start = time.perf_counter()
    for _ in range(1000):
        p = net(x[:640])
        loss = F.binary_cross_entropy(p, y[:640])
        score = ((p >= 0.5).float() == y[:640]).float().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            p = net(x[640:800])
            F.binary_cross_entropy(p, y[640:800]).item()
            ((p >= 0.5).float() == y[640:800]).float().mean().item()
    return time.perf_counter() - start


print(min(run() for _ in range(5)))
