"""What all scripts share: data, stacked layers, bands and the file that keeps them."""

import argparse
import csv
import gzip
import json
import math
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).resolve().parent
BANDS = HERE / "bands.json"
DATA = HERE.parents[1] / "data"

torch.set_num_threads(1)


def arguments(description, seeds):
    """Parse the command line that all scripts have in common."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument(
        "--data", type=Path, default=DATA, help="folder that holds mnist/ and iris/"
    )
    parser.add_argument("--seeds", type=int, default=seeds, help="number of seeds, from 0 on")
    return parser.parse_args()


def generators(seeds):
    """Make a random generator for each seed; all that a seed draws comes from its own."""
    return [torch.Generator().manual_seed(seed) for seed in range(seeds)]


# Data


def half_circles(n):
    """Make the two moons without noise: first class 0, then class 1."""
    upper = torch.linspace(0, math.pi, n // 2, dtype=torch.float64)
    lower = torch.linspace(0, math.pi, n - n // 2, dtype=torch.float64)
    x = torch.cat(
        [
            torch.stack([upper.cos(), upper.sin()], 1),
            torch.stack([1 - lower.cos(), 0.5 - lower.sin()], 1),
        ]
    )
    y = torch.cat([torch.zeros(len(upper)), torch.ones(len(lower))])
    return x.float(), y


def moons(n, noise, gens):
    """Draw moons for each seed, [S, n, 2] and [S, n, 1]: shuffled, then N(0, noise²) added."""
    circles, classes = half_circles(n)
    xs, ys = [], []
    for gen in gens:
        order = torch.randperm(n, generator=gen)
        xs.append(circles[order] + noise * torch.randn(n, 2, generator=gen))
        ys.append(classes[order])
    return torch.stack(xs), torch.stack(ys).unsqueeze(-1)


def moon1000(noise, gens):
    """Draw 1000 moons for each seed, cut into 640 to train, 160 to develop and 200 to test."""
    x, y = moons(1000, noise, gens)
    return [
        (x[:, part], y[:, part]) for part in (slice(0, 640), slice(640, 800), slice(800, 1000))
    ]


def mnist(data, part):
    """Read the images of "train" or "t10k", rows of pixels from -1 to 1, and their digits."""

    def read(name, header):
        with gzip.open(data / "mnist" / f"{part}-{name}-ubyte.gz") as file:
            return np.frombuffer(file.read(), np.uint8, offset=header)

    pixels = torch.from_numpy(read("images-idx3", 16).copy()).view(-1, 784)
    digits = torch.from_numpy(read("labels-idx1", 8).astype(np.int64))
    return (pixels.float() / 255 - 0.5) * 2, digits


# Networks, one of each seed in a stack


def normal(gens, *shape, sd=1.0, dtype=torch.float32):
    """Draw a tensor from N(0, sd²) for each seed."""
    return sd * torch.stack([torch.randn(*shape, generator=gen, dtype=dtype) for gen in gens])


def draw_layers(gens, widths, sd=1.0, bias=0.0):
    """Draw weights [S, in, out] from N(0, sd²) with constant biases [S, 1, out] for each layer."""
    return [
        [
            normal(gens, inputs, outputs, sd=sd).requires_grad_(),
            torch.full((len(gens), 1, outputs), bias).requires_grad_(),
        ]
        for inputs, outputs in zip(widths, widths[1:])
    ]


def forward(layers, x, hidden):
    """Compute the logits: linear layers with `hidden` between them."""
    for weight, bias in layers[:-1]:
        x = hidden(x @ weight + bias)
    weight, bias = layers[-1]
    return x @ weight + bias


def cross_entropy(logits, y):
    """Compute the binary cross-entropy of each seed, a mean over its samples."""
    loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, y, reduction="none")
    return loss.mean((1, 2))


def accuracy(logits, y):
    """Compute the share of each seed's samples whose logit has the sign of their class."""
    return ((logits >= 0) == (y > 0.5)).double().mean((1, 2))


def descend(layers, losses, rate):
    """Move all parameters of all seeds against the gradients of their own losses."""
    parameters = [tensor for layer in layers for tensor in layer]
    gradients = torch.autograd.grad(losses.sum(), parameters)
    with torch.no_grad():
        for tensor, gradient in zip(parameters, gradients):
            tensor -= rate * gradient


# Bands


def six(x):
    """Round to the six significant digits that bands are stated with."""
    return float(f"{x:.6g}")


def band(values):
    """Summarise the values that a number takes over seeds."""
    values = np.asarray(values, dtype=np.float64)
    assert values.ndim == 1 and np.isfinite(values).all(), "one finite number per seed"
    numbers = {
        "mean": values.mean(),
        "sd": values.std(ddof=1),
        "min": values.min(),
        "max": values.max(),
    }
    return {"n": len(values)} | {name: six(number) for name, number in numbers.items()}


def rows(chapter, section, metrics, settings):
    """Make the row of bands.json of each metric of a section."""
    return [
        {"chapter": chapter, "section": section, "metric": metric}
        | band(values)
        | {"settings": settings}
        for metric, values in metrics.items()
    ]


def keep(script, new):
    """Put the rows of a script into bands.json, in place of those that it made before."""
    script = Path(script).name
    kept = json.loads(BANDS.read_text())["bands"] if BANDS.exists() else []
    kept = [row for row in kept if row["script"] != script]
    for row in new:
        settings = row.pop("settings")
        kept.append(row | {"script": script, "settings": settings})
    kept.sort(key=lambda row: (row["chapter"], row["script"]))
    lines = ",\n".join("    " + json.dumps(row, ensure_ascii=False) for row in kept)
    about = {"torch": torch.__version__.split("+")[0], "numpy": np.__version__}
    text = f'{{\n  "made with": {json.dumps(about)},\n  "bands": [\n{lines}\n  ]\n}}\n'
    BANDS.write_text(text, encoding="utf-8")
    print(f"{script}: {len(new)} bands")


def printed(chapter, section):
    """List the metrics of a section that stand for one number and may have a band."""

    def is_number(text):
        try:
            float(text)
        except ValueError:
            return False
        return True

    with open(HERE.parent / f"{chapter}.csv", encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    names = [
        line["metric"]
        for line in lines
        if line["section"] == section
        and line["class"] != "exact"
        and is_number(line["printed"])
        # A sequence, though it may have one member only.
        and not line["metric"].endswith("best dev accuracies")
    ]
    return list(dict.fromkeys(names))
