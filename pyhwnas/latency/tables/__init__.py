"""Latency tables: what they hold, how they predict, and what is done with them."""
