"""Makes reference.json, against which the functions of src/core/statistics are checked.

Run: python -m venv /tmp/venv && /tmp/venv/bin/pip install numpy scipy && /tmp/venv/bin/python test/data/statistics/make.py
"""

import json
import pathlib

import numpy
import scipy
from scipy import stats

random = numpy.random.default_rng(20261127)
SHARES = [0.01, 0.25, 0.5, 0.9, 0.95, 0.99]


def rounded(values, digits=3):
    return [round(float(value), digits) for value in values]


def pair(name, a, b):
    a, b = numpy.array(rounded(a)), numpy.array(rounded(b))
    d = stats.ks_2samp(a, b).statistic
    effective = len(a) * len(b) / (len(a) + len(b))
    return {
        "name": name,
        "a": a.tolist(),
        "b": b.tolist(),
        "shares": SHARES,
        "quantiles": numpy.quantile(a, SHARES).tolist(),
        "ks": float(d),
        "ksProbability": float(stats.kstwobign.sf(d * numpy.sqrt(effective))),
        "wasserstein": float(stats.wasserstein_distance(a, b)),
    }


def clusters():
    """Streams of different lengths whose gaps have a level in common."""
    streams = []
    for _ in range(60):
        level = random.lognormal(numpy.log(20), 0.3)
        streams.append(rounded(level * random.lognormal(0, 0.2, random.integers(1, 12))))
    return streams


def counted(streams):
    counts = random.multinomial(len(streams), [1 / len(streams)] * len(streams))
    drawn = numpy.concatenate([stream * int(count) for stream, count in zip(streams, counts)])
    return {"counts": counts.tolist(), "quantiles": numpy.quantile(drawn, SHARES).tolist()}


def interval(a, b, paired):
    """The middle 90 % of the ratios of medians and p90 of resampled clusters, over 20,000 replicates."""
    shares, ratios = [0.5, 0.9], []
    for _ in range(20_000):
        one = random.integers(0, len(a), len(a))
        two = one if paired else random.integers(0, len(b), len(b))
        take = lambda streams, which: numpy.quantile(numpy.concatenate([streams[i] for i in which]), shares)
        ratios.append(take(b, two) / take(a, one))
    low, high = numpy.quantile(numpy.array(ratios), [0.05, 0.95], axis=0)
    return {"shares": shares, "level": 0.9, "low": low.tolist(), "high": high.tolist()}


def noise(a, sizes):
    """Distances of two independent samples of these sizes, drawn from the pooled streams: what halves are scaled to."""
    distances = []
    for _ in range(5000):
        order = random.permutation(len(a))
        half = len(a) // 2
        first = numpy.concatenate([a[i] for i in order[:half]])
        second = numpy.concatenate([a[i] for i in order[half:]])
        distances.append(stats.wasserstein_distance(first, second))
    scale = numpy.sqrt((1 / sizes[0] + 1 / sizes[1]) / (1 / half + 1 / (len(a) - half)))
    return {"sizes": sizes, "shares": [0.5, 0.95], "distances": (scale * numpy.quantile(distances, [0.5, 0.95])).tolist()}


one, two = clusters(), clusters()
reference = {
    "numpy": numpy.__version__,
    "scipy": scipy.__version__,
    "pairs": [
        pair("equal", random.lognormal(6, 0.5, 200), random.lognormal(6, 0.5, 300)),
        pair("shifted", random.lognormal(6, 0.5, 150), random.lognormal(6.2, 0.5, 150)),
        pair("with ties", random.integers(0, 6, 80), random.integers(1, 7, 50)),
        pair("apart", random.uniform(0, 1, 20), random.uniform(5, 6, 30)),
        pair("one value", [3], [4]),
    ],
    "normalTail": [[z, float(stats.norm.sf(z))] for z in (0, 0.5, 1, 1.96, 2.5, 3, 4)],
    "clusters": {
        "a": one,
        "b": two,
        "shares": SHARES,
        "counted": [counted(one) for _ in range(5)],
        "unpaired": interval(one, two, False),
        "paired": interval(one, two, True),
        "noise": noise(one, [60, 90]),
    },
}
path = pathlib.Path(__file__).with_name("reference.json")
path.write_text(json.dumps(reference) + "\n")
