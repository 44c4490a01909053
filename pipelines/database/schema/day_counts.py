"""Define in SQL how `source_days` counts the articles of a source and day.

It is not part of `migrations`, which imports sqlite-utils: a pass that finds nothing due has no time for that.
"""

FRESH = "coalesce({0}.published_day >= date({0}.first_seen, '-2 days'), 1)"
DAY_OF_ARTICLE = """substr({0}.first_seen, 1, 10), {0}.source_id, 1,
    FRESH, coalesce({0}.title, '') != '',
    {0}.published IS NOT NULL, {0}.authors != '[]', {0}.word_count, {0}.access IS 'consent wall',
    {0}.access IS 'paywall', iif(FRESH, {0}.first_seen, NULL), iif(FRESH, {0}.first_seen, NULL)""".replace(
    "FRESH", FRESH
)
COUNTED = ("articles", "fresh", "titled", "dated", "signed", "words", "consent", "paywalled")
ADDED_UP = f"""ON CONFLICT (source_id, day) DO UPDATE SET
    {", ".join(f"{name} = {name} + excluded.{name}" for name in COUNTED)},
    first = min(coalesce(first, excluded.first), coalesce(excluded.first, first)),
    last = max(coalesce(last, excluded.last), coalesce(excluded.last, last))"""
# Counted as articles are filed: to count a month of a large archive takes longer than a question may.
COUNT_DAYS = f"""INSERT INTO source_days SELECT {DAY_OF_ARTICLE.format("a")} FROM articles a
 WHERE a.source_id IS NOT NULL
{ADDED_UP};
"""  # noqa: S608 (our own names)
DAYS = f"""
CREATE TRIGGER source_days_counted AFTER INSERT ON articles WHEN new.source_id IS NOT NULL BEGIN
    INSERT INTO source_days VALUES ({DAY_OF_ARTICLE.format("new")})
    {ADDED_UP};
END;
"""  # noqa: S608 (our own names)
