"""Segments to connections: streams, closes, states, notes. Measurement only."""
