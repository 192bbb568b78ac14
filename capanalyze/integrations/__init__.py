"""Integrations: TWS messages in the idiom of other programs (Parquet, scapy, Wireshark)."""
