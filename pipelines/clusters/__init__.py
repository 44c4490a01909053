"""Find the articles that are copies of one text: reprints, agency copies, shortened copies. Pure.

Texts in, values out, no archive and no database: the caller keeps the values as rows. May import core. Four steps:

1. `signature` gives the sampled shingles of a text. Each is a row (hash, article), so an index finds what shares them.
2. `candidates` chooses, among the articles that share rows, the few that are worth an exact comparison.
3. `comparison` measures two texts: the share that each keeps of the other, and what stands at the places that differ.
4. `verdict` decides: a reprint, a shortened or edited copy, a part of a collection, fillings of one template, or none.

`pairing` does steps 3 and 4 for an article and its candidates: start reading there. `furniture` leaves out lines that
a source prints under many articles, before two texts are compared.
`grouping` joins pairs into clusters, and `first_text` names the probable origin of a cluster.

Why sampled shingles: MinHash and SimHash estimate the likeness of whole texts, and a copy cut to a quarter has a
Jaccard likeness of 0.25. SimHash misses it, and so does MinHash with bands of four. With bands of two MinHash finds
nearly as many copies, but needs 64 rows for each text. Samples take a row for sixteen words and no library, and each
row can be added or removed alone. `benchmarks/clusters.py --methods` compares the methods.
"""
