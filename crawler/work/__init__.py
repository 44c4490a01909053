"""Run items of work in processes of this machine, on a Dask cluster, or as one part of N: `map_items`.

May import core and `exports.extras`. An item is a function by its dotted name and a JSON-able argument; it may run
twice, so what it writes must come out the same. Start reading at `map_items`.
"""
