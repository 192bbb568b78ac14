"""Where capanalyze and tshark differ on purpose: file, tshark's stream, what, and why. No entry may be stale."""

COPIES = "copies of packets are no retransmissions and no duplicate ACKs"
PROBE = "Linux probes a zero window without payload: a probe, where tshark says keep-alive"
NUMBERS = "tshark numbers the custom and journal blocks of the file too; packets are counted over packet blocks"

FACTS: dict[tuple[str, int, str], str] = {
    ("ng_all_blocks_two_sections.pcapng", 0, "first FIN"): NUMBERS,
    ("snaplen_40.pcap", -1, "streams"): "tshark needs more than the ports to make a stream; it is a connection by them",
}

WORDS: dict[tuple[str, int, str], str] = {
    ("slow-reader.pcapng", 0, "zero_window_probe"): PROBE,
    ("slow-reader.pcapng", 0, "zero_window_probe_ack"): PROBE,
    ("slow-reader.pcapng", 0, "keep_alive"): PROBE,
    ("slow-reader-killed.pcapng", 0, "zero_window_probe"): PROBE,
    ("slow-reader-killed.pcapng", 0, "zero_window_probe_ack"): PROBE,
    ("slow-reader-killed.pcapng", 0, "keep_alive"): PROBE,
    ("dup_late_copies.pcap", 0, "keep_alive"): COPIES,
    ("dup_late_copies.pcap", 0, "out_of_order"): COPIES,
    ("dup_late_copies.pcap", 0, "retransmission"): COPIES,
    ("dup_late_copies.pcap", 0, "spurious_retransmission"): COPIES,
    ("ng_same_conn_two_ifaces_skew.pcapng", 0, "duplicate_ack"): COPIES,
    ("ng_same_conn_two_ifaces_skew.pcapng", 0, "retransmission"): COPIES,
    ("seq_wrap_at_fin.pcap", 0, "duplicate_ack"): "tshark takes sequence number 0 for none known",
}
