"""Draw counted articles into a file: SVG, PNG, or one HTML page with the numbers below the drawing.

May import what `exports` may. Start reading at `chart`, which decides what is drawn; only `drawing` knows matplotlib.
"""
