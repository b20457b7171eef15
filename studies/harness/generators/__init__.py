"""Made data and objectives, one idea per file: each a pure function of its arguments and a seed.

Objectives (value, gradient, Hessian, known stationary points): quadratics, lessard, chain, landscapes, spin_glass.
Data (X, y): boolean, spirals, sinusoids, linear, sparse, motifs, signals, easy_hard, separation. Gradients: reddi.
Real data are in `studies.harness.datasets`.
"""
