"""Hold what commands say of copies, and compare articles before they need clusters. May import anything.

Start reading at `comparing`.
"""
