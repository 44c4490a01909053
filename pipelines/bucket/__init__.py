"""Keep the files of an archive in a bucket of an object store that speaks S3.

May import core, warc. Start reading at `object_store`: what is asked of a bucket, with time limits and conditions.
"""
