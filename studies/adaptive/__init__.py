"""Adaptive step sizes: AdaGrad, RMSProp, Adam and their kin."""
