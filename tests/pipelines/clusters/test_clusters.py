"""Test how copies of a text are told from pages that look alike, on short texts made for it."""

from __future__ import annotations

import random

import pytest

from pipelines.clusters.candidates import MAX_COMPARED, MAX_MISSES, MAX_POSTINGS, candidates
from pipelines.clusters.comparison import comparison
from pipelines.clusters.first_text import ClusterMember, probable_origin
from pipelines.clusters.furniture import LineCounts, without_furniture
from pipelines.clusters.grouping import MIN_TEMPLATE_PAIRS, CopyPair, clusters
from pipelines.clusters.pairing import NearArticle, compared_pairs, is_worth_keeping
from pipelines.clusters.shingles import MAX_CHARS, MAX_REPLACED, TOKEN, tokens
from pipelines.clusters.signature import signature
from pipelines.clusters.verdict import pair_kind


def story(name: str, sentences: int = 20) -> list[str]:
    """Return sentences of invented words that no story of another name has."""
    chance = random.Random(name)
    words = ["".join(chance.choices("abcdefghijklmnoprstuvw", k=6)) for _ in range(300)]
    return [" ".join(chance.choices(words, k=14)) + "." for _ in range(sentences)]


A, B = story("a"), story("b")
WEATHER = (
    "Today the temperature in town rises to {} degrees by noon. The wind blows at {} kilometres an hour all day. "
    "The chance of rain in the afternoon is {} percent. Tomorrow it reaches {} degrees, at night it falls to {}."
)
CHINESE = (
    "市政府周一决定修复旧桥并在冬季之前完成工程因为今年春天的洪水损坏了桥墩"
    "居民多次要求尽快采取行动市长表示资金已经到位施工将于下月开始"
)


@pytest.mark.parametrize(
    ("other", "kind"),
    [
        (A, "reprint"),
        (["A summary of the desk.", *A, "(dpa)"], "reprint"),
        (A[:7], "shortened"),
        ([one for at, one in enumerate(A) if at % 3], "shortened"),
        ([*B[:8], *A, *B[8:16]], "shortened"),
        ([*B[:2], *A[:5], *A[8:14], *B[2:9]], "edited"),
        ([*B, *A[4:6]], "unrelated"),
        ([*B, *A[:1]], "unrelated"),
        (B, "unrelated"),
    ],
)
def test_pair_of_story_and_what_a_desk_made_of_it_is_named(other: list[str], kind: str):
    """The order of the two texts does not matter."""
    assert pair_kind(comparison("\n".join(A), "\n".join(other))) == kind
    assert pair_kind(comparison("\n".join(other), "\n".join(A))) == kind


def test_brief_in_the_middle_of_a_digest_is_a_part():
    """The digest tells other stories, too, so it is no copy of the brief."""
    digest = "\n".join([*B, *A[:8], *story("c"), *story("d", 6)])
    assert pair_kind(comparison("\n".join(A[:8]), digest)) == "part"


def test_form_filled_with_other_numbers_is_a_template():
    """The forecasts of two days share most of their words."""
    assert pair_kind(comparison(WEATHER.format(1, 20, 3, 14, 5), WEATHER.format(2, 25, 60, 8, 9))) == "template"


def test_one_corrected_number_leaves_a_reprint():
    """One figure that differs is no form."""
    one = "\n".join([*A, "The fire killed 12 people in the town on the coast."])
    assert pair_kind(comparison(one, one.replace("12", "14"))) == "reprint"


def test_one_notice_after_different_beginnings_is_a_template():
    """Two stubs of a wall have nothing in common but its notice."""
    notice = " ".join(story("notice", 5))
    assert pair_kind(comparison(f"{A[0]} {A[1]}\n{notice}", f"{B[0]} {B[1]}\n{notice}")) == "template"


def test_shares_of_a_cut_text_are_measured_in_each_direction():
    """A quarter of the text is all of its cut copy."""
    found = comparison("\n".join(A), "\n".join(A[:5]))
    assert (found.kept, found.other_kept) == (0.25, 1.0)


def test_chinese_copy_without_spaces_is_found_by_characters():
    """Words cannot be told apart there, so characters are compared."""
    copy = f"本报讯{CHINESE}"
    assert pair_kind(comparison(CHINESE, copy)) == "reprint"
    assert set(signature(CHINESE).hashes) & set(signature(copy).hashes)


def test_signature_is_the_same_on_each_machine_and_without_typography():
    """Rows of one archive stay valid wherever it is opened, and case and punctuation do not count."""
    made = signature("\n".join(A))
    assert made == signature(" ".join(A).upper().replace(".", " !"))
    assert made.hashes[:2] == (-8738996433012082273, -8013084196377643944)


def test_signature_of_a_caption_is_empty():
    """So short a text is no evidence of copying."""
    assert signature("Flowers in the park on a sunny day.").hashes == ()


def test_passage_has_the_same_hashes_within_any_text():
    """So a short copy finds the long text, and the other way round."""
    part = set(signature("\n".join(A)).hashes)
    assert part <= set(signature("\n".join([*B, *A, *B])).hashes)


def test_candidates_put_the_largest_share_first_and_leave_out_chance():
    """One shared row of thirty is chance; two of six are a third of the shorter text."""
    postings = [[1, 2, 3], [1, 2], [1], [1], [1], [1], [1]]
    assert candidates(9, postings, rows=30, rows_of={1: 30, 2: 6, 3: 30}) == [2, 1]


def test_candidates_are_bounded_where_everything_shares_a_notice():
    """The cost of an article does not grow with the archive. Its neighbours come first."""
    articles = list(range(5000, 0, -1))
    found = candidates(5001, [articles] * 9, rows=9, rows_of=dict.fromkeys(articles, 9))
    assert found == articles[:MAX_COMPARED]
    assert MAX_COMPARED < MAX_POSTINGS


def test_furniture_of_a_source_is_left_out_but_not_a_text_that_recurs_whole():
    """The same article at five addresses is not furniture."""
    notice, stub = B[0], f"{A[0]}\n{B[0]}"
    neighbours = [f"{one}\n{notice}" for one in A[1:4]]
    assert without_furniture(stub, LineCounts([stub, *neighbours])) == A[0]
    assert without_furniture(stub, LineCounts([stub] * 6)) == stub


def test_comparing_stops_after_articles_that_are_no_copies():
    """The rest are less likely, and the cost of an article is bounded."""
    near = [NearArticle(number, number) for number in range(2, 19)]
    assert (
        len(list(compared_pairs(NearArticle(1, 1), near, lambda number: "\n".join(story(str(number)))))) == MAX_MISSES
    )


def test_article_of_a_series_is_compared_with_few_others_of_its_source_and_with_other_sources():
    """A thousand forecasts of one source cost no more than three."""
    forecasts = [NearArticle(number, "weather") for number in range(2, 12)]
    texts = {number: WEATHER.format(*[number % 20] * 5) for number in (*range(1, 12), 21)}
    found = list(compared_pairs(NearArticle(1, "weather"), [*forecasts, NearArticle(21, "copier")], texts.__getitem__))
    assert [(one.other, one.kind) for one in found] == [
        *((number, "template") for number in range(2, 2 + MIN_TEMPLATE_PAIRS)),
        (21, "reprint"),
    ]
    assert all(map(is_worth_keeping, found))


def pair(article: int, other: int, kept: float = 0.9, other_kept: float = 0.9, **more) -> CopyPair:
    return CopyPair(article, other, kept, other_kept, more.get("kind", "reprint"), more.get("same_source", False))


def test_clusters_are_the_same_in_any_order_of_pairs():
    """A rebuild files articles in another order."""
    pairs = [pair(1, 2), pair(5, 4), pair(2, 3), pair(6, 4), pair(8, 9, kind="part")]
    for seed in range(5):
        random.Random(seed).shuffle(pairs)
        assert clusters(pairs) == [frozenset({1, 2, 3}), frozenset({4, 5, 6})]


def test_digest_does_not_join_the_stories_within_it():
    """It is left out of every cluster."""
    pairs = [pair(1, 2), pair(3, 4), pair(9, 1, 0.2, 1.0), pair(9, 3, 0.2, 1.0)]
    assert clusters(pairs) == [frozenset({1, 2}), frozenset({3, 4})]


def test_days_of_a_series_are_joined_only_by_reprints():
    """Two days of a forecast may be more alike than most."""
    forms = [pair(1, other, kind="template", same_source=True) for other in (2, 3, 4)]
    near = pair(1, 5, kind="edited", same_source=True)
    assert clusters([*forms, near]) == []
    assert clusters([*forms, near._replace(kind="reprint")]) == [frozenset({1, 5})]


def member(article: int, appeared: str, **more) -> ClusterMember:
    given = {"url_key": f"u{article}", "linked_keys": (), "credit": None, "names": (), "words": 300} | more
    return ClusterMember(article=article, appeared=appeared, **given)


EARLY, LATE = member(1, "2026-05-01T08:00:00Z"), member(2, "2026-05-01T09:00:00Z")


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ([LATE, EARLY], (1, None, "earliest", 0)),
        ([EARLY._replace(linked_keys=("u2",)), LATE], (2, None, "link", 1)),
        ([EARLY._replace(linked_keys=("elsewhere",)), LATE], (1, None, "earliest", 0)),
        ([EARLY, LATE._replace(credit="dpa")], (1, "dpa", "credit", 1)),
        ([EARLY._replace(credit="Harbour Times"), LATE._replace(names=("harbour times",))], (2, None, "credit", 1)),
        ([EARLY._replace(credit="The Old Post"), LATE._replace(names=("Old Post",))], (2, None, "credit", 1)),
        ([member(3, "2026-05-01", words=900), LATE], (2, None, "earliest", 0)),
        ([member(3, "2026-05-01", words=900), member(4, "2026-05-01")], (3, None, "earliest", 0)),
        ([EARLY._replace(credit="AP"), LATE._replace(credit="dpa")], (1, "AP", "credit", 1)),
    ],
)
def test_probable_origin_is_named_by_the_best_evidence(members: list[ClusterMember], expected: tuple):
    """A link counts more than a credit, and that more than an early date."""
    assert tuple(probable_origin(members)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", "word", "Don't under_score a-b 3.5% ½ x² naïve\u0301", "مرحبا بكم في المدينة", "Привет, мир!",
        "ΣΊΣΥΦΟΣ straße", "市政府 decided 2024年", "ประเทศไทย", "\ud800 lone\x00zero\u2028line", "हिन्दी में", "서울의 봄",
        "".join(f"w{chr(0x2500 + at)}" for at in range(MAX_REPLACED + 9)),
    ],
)  # fmt: skip
def test_words_are_those_that_the_pattern_finds(text: str):
    """Whichever way they are found."""
    assert tokens(text) == tuple(TOKEN.findall(text.casefold()))


def test_text_without_end_is_cut():
    """A book takes seconds, a file of any size no longer."""
    assert len(tokens("a" * 9 + " word" * MAX_CHARS)) <= MAX_CHARS // 5


def test_words_that_recur_are_shared_where_the_next_one_is():
    """In the order of the first text; beyond the last place of a passage, that place counts again."""
    verse, chorus = A[0].split(), A[1].split()
    here = comparison(" ".join([*verse, *chorus, *verse]), " ".join([*chorus, *verse, *chorus]))
    assert (here.kept, here.other_kept, here.passages) == (1.0, 1.0, 2)
