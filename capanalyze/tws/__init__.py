"""TWS messages: framing, hellos, sessions, the schema and its decoders. Pure, no I/O."""
