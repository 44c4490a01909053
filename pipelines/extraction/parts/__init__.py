"""Find the parts of a page: style sheets, pictures, fonts, the icon. Pure; nothing is fetched here.

Part of extraction, and may import the same. Crawls list parts to fetch them, and the replay of a page asks for the same
ones: both read addresses with the functions here. Start reading at `page_parts`.
"""
