"""Describe the tables of copies and clusters, for docs/schema.md."""

from __future__ import annotations

from pipelines.database.schema.scheduled_descriptions import TableDescription

COPIES = {
    "text_signatures": TableDescription(
        "The sample of a text by which texts with a common passage find each other. Like all tables of copies, it is "
        "not in the journal: it is computed from the articles, also after a rebuild.",
        {
            "article_id": "The article. It may be gone for a moment: then the row says which hashes go with it.",
            "shingles": "Number of different shingles (runs of five words) in the text. 0: too short for a verdict.",
            "hashes": "Hashes of the sampled shingles, ascending, 8 bytes each, big-endian, signed.",
        },
    ),
    "text_shingles": TableDescription(
        "The same hashes, to find the articles that have one.",
        {"hash": "Hash of a shingle.", "article_id": "An article that has it."},
    ),
    "article_pairs": TableDescription(
        "Two articles that were compared and share something. Each article is compared with older ones that share "
        "hashes with it, and no further after three reprints, so copies of a text need not all be pairs.",
        {
            "article_id": "The article with the smaller number.",
            "other_id": "The one with the larger number.",
            "kept": "Share of the first text that is in the second, 0 to 1, without lines that their sources repeat.",
            "other_kept": "Share of the second text that is in the first.",
            "kind": "`reprint`, `shortened`, `edited`: copies. `part`: one is a brief in the other. `template`: two "
            "fillings of one form.",
            "same_source": "1: both are of one source.",
        },
        {"article_pairs_other": "the older articles that share something with an article"},
    ),
    "clusters": TableDescription(
        "Copies of one text, two or more.",
        {
            "id": "Smallest number of an article in it.",
            "copies": "Number of articles.",
            "origin_id": "The article that the others probably come from; the earliest if that is not in the archive.",
            "origin_name": "Name of an origin that is not in the archive, such as an agency. NULL: `origin_id` is it.",
            "evidence": "`link` (canonical link, or address of the origin), `credit` (`origin` of an article), or "
            "`earliest`.",
            "said_by": "Number of copies that link to the origin or credit it.",
        },
        {"clusters_copies": "the largest clusters first"},
    ),
    "cluster_members": TableDescription(
        "Which articles are in a cluster. An article without a row has no copy here, or is still in `unclustered`.",
        {
            "article_id": "The article.",
            "cluster_id": "Its cluster.",
            "kept": "Share of its text that is in the text of the `origin_id` of its cluster, 0 to 1.",
            "origin_kept": "Share of that text that it keeps, 0 to 1.",
        },
        {"cluster_members_cluster": "the copies in a cluster"},
    ),
    "unclustered": TableDescription(
        "Articles that are to be compared, or compared again. Filled by triggers; worked off at the end of a crawl or "
        "import, and by commands that need clusters.",
        {
            "article_id": "The article. It may be gone: then its hashes are to be deleted.",
            "changed": "1: it is new, changed or gone. 0: an older one is that it may share text with.",
        },
    ),
}
