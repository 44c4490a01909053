"""How the archive leaves: formats and datasets. Read-only; may import `pipelines`, never `crawler`."""
