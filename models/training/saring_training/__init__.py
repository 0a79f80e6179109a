"""Data to bundle: prepare, split, fit, calibrate, export, evaluate, card."""
