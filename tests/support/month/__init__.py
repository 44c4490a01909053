"""Simulate weeks of scheduled crawls of papers that publish, edit and fall ill, and measure what the archive has."""
