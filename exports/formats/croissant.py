"""Describe Parquet files as a dataset in Croissant 1.0 (MLCommons), a vocabulary of schema.org in JSON-LD."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from exports import column_types
from exports.dataset import columns as meanings

CONFORMS_TO = "http://mlcommons.org/croissant/1.0"
# The context of the specification, as its appendix prints it.
CONTEXT: dict[str, Any] = {
    "@language": "en", "@vocab": "https://schema.org/", "citeAs": "cr:citeAs", "column": "cr:column",
    "conformsTo": "dct:conformsTo", "cr": "http://mlcommons.org/croissant/", "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"}, "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/", "examples": {"@id": "cr:examples", "@type": "@json"}, "extract": "cr:extract",
    "field": "cr:field", "fileProperty": "cr:fileProperty", "fileObject": "cr:fileObject", "fileSet": "cr:fileSet",
    "format": "cr:format", "includes": "cr:includes", "isLiveDataset": "cr:isLiveDataset", "jsonPath": "cr:jsonPath",
    "key": "cr:key", "md5": "cr:md5", "parentField": "cr:parentField", "path": "cr:path", "recordSet": "cr:recordSet",
    "references": "cr:references", "regex": "cr:regex", "repeated": "cr:repeated", "replace": "cr:replace",
    "sc": "https://schema.org/", "separator": "cr:separator", "source": "cr:source", "subField": "cr:subField",
    "transform": "cr:transform", "equivalentProperty": "cr:equivalentProperty", "samplingRate": "cr:samplingRate",
}  # fmt: skip


def croissant(
    title: str,
    description: str,
    files: Mapping[str, tuple[str, str]],
    columns: Sequence[str],
    published: str | None,
) -> dict[str, Any]:
    """Return the description. `files`: by split, the path and the SHA-256 of its Parquet file.

    `published`: the last day of which the dataset has a page. Its version is made of it; without, there is none.
    """
    described = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "name": title,
        "description": description,
        "conformsTo": CONFORMS_TO,
        "license": "The texts belong to their authors and publishers; see README.md.",
        "distribution": [
            {
                "@type": "cr:FileObject", "@id": path, "name": path, "contentUrl": path,
                "encodingFormat": "application/x-parquet", "sha256": digest,
            }
            for path, digest in files.values()
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet", "@id": split, "name": split,
                "field": [_field(split, path, column) for column in columns],
            }
            for split, (path, _) in files.items()
        ],
    }  # fmt: skip
    return described | (_dated(title, published) if published else {})


def _dated(title: str, day: str) -> dict[str, str]:
    year, month, of_month = day.split("-")
    cited = "".join(" " if sign in "{}\\" else sign for sign in title)
    return {
        "datePublished": day,
        "version": f"{int(year)}.{int(month)}.{int(of_month)}",  # semantic versioning allows no zeros in front
        "citeAs": f"@misc{{newsmorgue{year}, title = {{News articles from {cited}}}, year = {{{year}}}}}",
    }


def _field(split: str, path: str, column: str) -> dict[str, Any]:
    field = {
        "@type": "cr:Field", "@id": f"{split}/{column}", "name": f"{split}/{column}",
        "description": meanings()[column], "dataType": _data_type(column),
        "source": {"fileObject": {"@id": path}, "extract": {"column": column}},
    }  # fmt: skip
    return field | ({"repeated": True} if column in column_types.LISTS else {})


def _data_type(column: str) -> str:
    if column in column_types.NUMBERS:
        return "sc:Integer"
    if column in column_types.TIMES:
        return "sc:DateTime"
    if column in column_types.DAYS:
        return "sc:Date"
    return "sc:Text"
