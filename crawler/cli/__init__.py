"""Talk to the user in the terminal: command group, shared options, tables, progress bars, summaries.

May import anything. Start reading at `main`.
"""
