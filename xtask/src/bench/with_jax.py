"""The workloads of `cargo xtask bench` in JAX: each training is one compiled program, its steps a `scan`.

Arguments: number of threads, folder of the MNIST files. Each line of the standard input names a workload and is answered by the seconds that
its training takes, or by "none" if it is not among them; data are made and programs compiled before the clock starts. Networks with
convolutions are not: on a CPU their gradients take JAX many times as long as PyTorch.
"""

import gzip
import math
import os
import sys
import time
from functools import cache, partial

if sys.argv[1] == "1":
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

random = np.random.default_rng(0)


@cache
def digits():
    def read(name, header):
        with gzip.open(f"{sys.argv[2]}/{name}.gz") as file:
            return np.frombuffer(file.read(), dtype=np.uint8)[header:]

    pixels, labels = read("train-images-idx3-ubyte", 16), read("train-labels-idx1-ubyte", 8)
    return pixels.reshape(-1, 784)[:20000].astype(np.float32) / 255, labels[:20000].astype(np.int32)


def moons(n):
    t = np.linspace(0, math.pi, n // 2)
    x = np.concatenate([np.stack([np.cos(t), np.sin(t)], 1), np.stack([1 - np.cos(t), 0.5 - np.sin(t)], 1)])
    y = np.repeat([0.0, 1.0], n // 2)[:, None]
    order = random.permutation(n)
    return jnp.asarray((x[order] + 0.5 * random.standard_normal((n, 2)))), jnp.asarray(y[order], jnp.float32)


def uniform(*shape, fan_in):
    return jnp.asarray(random.uniform(-1, 1, shape) / math.sqrt(fan_in), jnp.float32)


def layers(*sizes):
    return [(uniform(i, o, fan_in=i), jnp.zeros(o)) for i, o in zip(sizes, sizes[1:])]


def forward(parameters, activation, x):
    for w, b in parameters[:-1]:
        x = activation(x @ w + b)
    w, b = parameters[-1]
    return x @ w + b


def binary_cross_entropy(logits, y):
    return jnp.mean(jnp.maximum(logits, 0) - logits * y + jnp.log1p(jnp.exp(-jnp.abs(logits))))


def cross_entropy(logits, labels):
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], 1))


def descend(rate, parameters, gradients):
    return jax.tree.map(lambda p, g: p - rate * g, parameters, gradients)


def adam(rate, state, gradients):
    parameters, first, second, t = state
    t = t + 1
    first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradients)
    second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradients)
    step = lambda p, m, v: p - rate * (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return jax.tree.map(step, parameters, first, second), first, second, t


def adam_state(parameters):
    zeros = jax.tree.map(jnp.zeros_like, parameters)
    return parameters, zeros, zeros, jnp.float32(0)


def batches(x, y, size, steps):
    return x[: size * steps].reshape(steps, size, *x.shape[1:]), y[: size * steps].reshape(steps, size, *y.shape[1:])


def by_descent(loss, rate, parameters, steps):
    def step(parameters, batch):
        return descend(rate, parameters, jax.grad(loss)(parameters, *batch)), None

    return lambda parameters, steps: lax.scan(step, parameters, steps), (parameters, steps)


def by_adam(loss, rate, parameters, steps):
    def step(state, batch):
        return adam(rate, state, jax.grad(loss)(state[0], *batch)), None

    return lambda state, steps: lax.scan(step, state, steps), (adam_state(parameters), steps)


def moons_mlp():
    x, y = moons(1000)

    def score(parameters, rows):
        p = jax.nn.sigmoid(forward(parameters, jax.nn.sigmoid, x[rows]))
        log = lambda p: jnp.maximum(jnp.log(p), -100)
        loss = -jnp.mean(y[rows] * log(p) + (1 - y[rows]) * log(1 - p))
        return loss, jnp.mean((p >= 0.5) == (y[rows] > 0.5))

    def step(parameters, _):
        train, gradients = jax.value_and_grad(partial(score, rows=slice(640)), has_aux=True)(parameters)
        parameters = descend(0.2, parameters, gradients)
        return parameters, (train, score(parameters, slice(640, 800)))

    return lambda parameters: lax.scan(step, parameters, None, length=1000), (layers(2, 5, 1),)


def overfit():
    x, y = (part[:200] for part in moons(300))
    loss = lambda parameters: binary_cross_entropy(forward(parameters, jax.nn.relu, x), y)
    step = lambda parameters, _: (descend(0.2, parameters, jax.grad(loss)(parameters)), None)
    return lambda parameters: lax.scan(step, parameters, None, length=50_000), (layers(2, 20, 3, 1),)


def classifier(activation):
    return lambda parameters, x, labels: cross_entropy(forward(parameters, activation, x), labels)


def mlp():
    return by_adam(classifier(jax.nn.leaky_relu), 0.001, layers(784, 1500, 500, 10), batches(*digits(), 64, 100))


def dfn():
    x, y = digits()
    order = random.permutation(20000)
    return by_descent(classifier(jax.nn.sigmoid), 0.01, layers(784, 200, 10), batches(x[order], y[order], 64, 312))


def tanh():
    loss = lambda parameters, x, y: binary_cross_entropy(forward(parameters, jnp.tanh, x), y)
    return by_descent(loss, 0.005, layers(2, 300, 500, 700, 400, 1), batches(*moons(200), 10, 20))


WORKLOADS = {
    "moons": moons_mlp,
    "overfit": overfit,
    "mlp": mlp,
    "dfn": dfn,
    "tanh": tanh,
}


@cache
def compiled(name):
    program, arguments = WORKLOADS[name]()
    arguments = jax.tree.map(jnp.asarray, arguments)
    return jax.jit(program).lower(*arguments).compile(), arguments


print("ready", flush=True)
for line in sys.stdin:
    name = line.strip()
    if name not in WORKLOADS:
        print("none", flush=True)
        continue
    program, arguments = compiled(name)
    start = time.perf_counter()
    jax.block_until_ready(program(*arguments))
    print(time.perf_counter() - start, flush=True)
