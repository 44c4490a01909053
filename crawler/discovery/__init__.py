"""How links are found and judged, one noun a file. The manual is docs/discovery.md.

words     what stands in addresses that are never articles, by language
shapes    an address -> article, section, or neither, and why
feeds     RSS, Atom, RDF, JSON Feed -> links
sitemaps  sitemap index, urlset, news sitemap, plain text, gzip -> links
links     a front or section page -> links
seeds     a home page and its robots.txt -> where to begin
"""
