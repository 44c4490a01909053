"""Fetch the parts of article pages: style sheets, pictures, fonts, icons.

Which parts a page has is listed where it is read (`pipelines.extraction.parts`), and queued where it is filed
(`pipelines.database.frontier.parts`). The dispatcher hands a part out if its host has nothing else due; here its
request is made and its visit ends. Start reading at `part_visits`.
"""
