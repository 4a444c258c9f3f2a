"""Prints the polynomial coefficients of math.hpp: Chebyshev interpolation in 50-digit arithmetic (needs mpmath)."""
import mpmath as mp

mp.mp.dps = 50


def fit(f, lo, hi, degree):
    """Ascending powers of the polynomial through the Chebyshev nodes of [lo, hi], and its largest error there."""
    lo, hi = mp.mpf(lo), mp.mpf(hi)
    n = degree + 1
    nodes = [(lo + hi) / 2 + (hi - lo) / 2 * mp.cos(mp.pi * (2 * k + 1) / (2 * n)) for k in range(n)]
    matrix = mp.matrix(n, n)
    for row, x in enumerate(nodes):
        for col in range(n):
            matrix[row, col] = x**col
    c = mp.lu_solve(matrix, mp.matrix([f(x) for x in nodes]))
    grid = [lo + (hi - lo) * mp.mpf(k) / 2000 for k in range(2001)]
    error = max(abs(mp.polyval(list(c)[::-1], x) - f(x)) for x in grid)
    return list(c), error


def odd(f, v):
    """f(sqrt v)/sqrt v, continued to v = 0 by its limit 1."""
    if v == 0:
        v = mp.mpf(10) ** -40
    return f(mp.sqrt(v)) / mp.sqrt(v)


HALF_LN2 = mp.log(2) / 2
S_MAX = (mp.sqrt(2) - 1) / (mp.sqrt(2) + 1)
TABLE = [
    ("tanh(u)/u in u^2, |u| <= 1", lambda v: odd(mp.tanh, v), 0, 1, 14),
    ("exp(x), |x| <= ln(2)/2", mp.exp, -HALF_LN2, HALF_LN2, 11),
    ("sin(pi y/2)/y in y^2, |y| <= 1", lambda v: odd(lambda y: mp.sin(mp.pi * y / 2), v), 0, 1, 8),
    ("asin(z)/z in z^2, |z| <= 1/2", lambda v: odd(mp.asin, v), 0, mp.mpf(1) / 4, 12),
    ("atanh(s)/s in s^2, |s| <= (sqrt 2 - 1)/(sqrt 2 + 1)", lambda v: odd(mp.atanh, v), 0, S_MAX**2, 7),
]
for name, f, lo, hi, degree in TABLE:
    c, error = fit(f, lo, hi, degree)
    print(f"{name}: degree {degree}, error {mp.nstr(error, 2)}")
    print("  " + ", ".join(mp.nstr(x, 20) for x in c))
