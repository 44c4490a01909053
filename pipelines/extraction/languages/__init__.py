"""Hold the words of each language in one text file, such as `pl.txt`, and shared words in `mul.txt`.

Part of extraction, and may import the same. Start reading at `en.txt`, which explains every section; `tables` reads the
files. docs/languages.md says how to add a language.
"""
