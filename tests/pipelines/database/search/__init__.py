"""Tests of pipelines.database.search."""
