"""Derives the coefficients of the exponential and logarithm kernels; needs mpmath.

Minimax polynomials by the Remez exchange at 300 bits, each coefficient then rounded to f64. Prints the bits
that stand in exponential.rs (G) and logarithm.rs (R), and the error before the rounding of coefficients.
"""

import struct

from mpmath import atanh, bernoulli, cos, coth, factorial, floor, log, lu_solve, matrix, mp, mpf, nstr, pi, sqrt

mp.prec = 300


def remez(function, weight, low, high, n_terms, rounds=12):
    """The polynomial of n_terms that minimises max |weight (polynomial - function)| over [low, high]."""
    nodes = [(low + high) / 2 - (high - low) / 2 * cos(pi * (2 * i + 1) / (2 * (n_terms + 1))) for i in range(n_terms + 1)]
    grid = [low + (high - low) * mpf(i) / 2000 for i in range(2001)]
    for _ in range(rounds):
        system, right = matrix(n_terms + 1, n_terms + 1), matrix(n_terms + 1, 1)
        for i, x in enumerate(nodes):
            for j in range(n_terms):
                system[i, j] = x**j
            system[i, n_terms] = (-1) ** i / weight(x)
            right[i] = function(x)
        solution = lu_solve(system, right)
        terms = [solution[j] for j in range(n_terms)]
        errors = [weight(x) * (sum(c * x**j for j, c in enumerate(terms)) - function(x)) for x in grid]
        peaks = []  # the largest error of every run of one sign
        for x, error in zip(grid, errors):
            if not peaks or (error > 0) != (peaks[-1][1] > 0):
                peaks.append((x, error))
            elif abs(error) > abs(peaks[-1][1]):
                peaks[-1] = (x, error)
        if len(peaks) < n_terms + 1:
            break
        while len(peaks) > n_terms + 1:
            peaks.pop(0 if abs(peaks[0][1]) < abs(peaks[-1][1]) else -1)
        nodes = [x for x, _ in peaks]
    return terms, max(abs(error) for error in errors)


def show(name, terms, error):
    print(f"{name}, error 2^{nstr(log(error, 2), 4)}")
    for term in terms:
        (bits,) = struct.unpack("Q", struct.pack("d", float(term)))
        digits = f"{bits:016x}"
        print("    0x" + "_".join(digits[i : i + 4] for i in range(0, 16, 4)), float(term))


def half_coth(z):
    """(r coth(r/2) - 2) / r^2 in z = r^2."""
    if z < mpf(10) ** -10:
        return 2 * sum(bernoulli(2 * n) * z ** (n - 1) / factorial(2 * n) for n in range(1, 8))
    r = sqrt(z)
    return (r * coth(r / 2) - 2) / z


def artanh_tail(z):
    """(2 artanh(s)/s - 2) / s^2 in z = s^2."""
    s = sqrt(z)
    return (2 * atanh(s) / s - 2) / z


margin = 1 + mpf(2) ** -20
widest_remainder = log(2) / 2 * margin
show("G", *remez(half_coth, lambda z: z / 2 + mpf(10) ** -8, mpf(0), widest_remainder**2, 5))
widest_s_squared = ((sqrt(2) - 1) / (sqrt(2) + 1)) ** 2 * margin
show("R", *remez(artanh_tail, lambda z: z / 2, mpf(10) ** -9, widest_s_squared, 7))
high = floor(log(2) * mpf(2) ** 42) / mpf(2) ** 42
show("ln 2, high and low", [high, log(2) - high], mpf(2) ** -95)
