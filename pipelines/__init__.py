"""What becomes of a page: record, read, compare, keep. The archive itself; it imports nothing of the other rooms.

A page's walk:

1. `crawler.http.client` speaks HTTP and hands over an `Exchange`: the bytes sent and the bytes received.
2. `record` turns the exchange into WARC records, `warc` appends them; a `Capture` says where they lie.
3. The spider makes a `Page` of it: source, capture, decoded body.
4. `extract` reads the `Article` out of the page in a worker process, or says why there is none.
5. `revise` compares it with what stood there before: new, edited, unchanged.
6. `store` writes rows; `archive_writer` commits them only after the WARC bytes they point at are durable.
7. `queries` answers every question that is later asked of those rows.
"""
