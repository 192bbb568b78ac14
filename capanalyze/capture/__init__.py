"""Captures in and out: files, formats, live engines. The rooms of I/O."""
