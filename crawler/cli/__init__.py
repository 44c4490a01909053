"""Talk to people in the terminal: command group, shared options, progress bars, summaries.

May import anything. Start reading at `main`.
"""
