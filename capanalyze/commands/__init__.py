"""Commands: one file a command. Options in, a source through the analyzer to a renderer, octets out."""
