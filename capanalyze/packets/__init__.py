"""Raw packets to TCP segments: link layers, IP, the TCP header. Pure, no I/O."""
