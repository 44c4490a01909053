"""Know which CDXJ index is about which WARC file of a lake, and ask those that are about many."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Sequence

from crawler.lake.cdxj_index import IndexSearch, UnusableIndex, chooses
from crawler.lake.places import INDEX_FOLDERS, INDEX_SUFFIXES, UNNAMED, BucketServer, LakeFile, opened
from pipelines.bucket.ranges import Range
from pipelines.importing.adopt import ImportFilter

INDEXED_SUFFIXES = (".warc", ".warc.gz", ".arc", ".arc.gz")  # a zstd file may need the dictionary at its beginning


class FileIndexes:
    """Say of each file of a lake which of its records are to be read, as far as indexes say so."""

    def __init__(
        self,
        files: Sequence[LakeFile],
        indexes: Sequence[LakeFile],
        wanted: ImportFilter,
        server: BucketServer = UNNAMED,
    ) -> None:
        self._server = server
        self.notes: list[str] = []  # of indexes that are not used
        self.bytes = 0  # of the indexes that were read
        self._own: dict[str, str] = {}  # address of a file -> of the index that is about it alone
        self._places: dict[str, array[int]] = {}  # address of a file -> offset, length, offset, length ...
        if not chooses(wanted):
            return
        files = [file for file in files if file.address.lower().endswith(INDEXED_SUFFIXES)]
        known = {index.address for index in indexes}
        for file in files:
            named = (f"{file.address}{suffix}" for suffix in INDEX_SUFFIXES)
            if (own := next((name for name in named if name in known), None)) is not None:
                self._own[file.address] = own
        own_ones = {*self._own.values()}
        for index in indexes:
            if index.address not in own_ones:
                self._ask(index, [file for file in files if file.address not in self._own], wanted)

    def own_index(self, address: str) -> str:
        """Return the address of the index that is about one file alone; "" if there is none."""
        return self._own.get(address, "")

    def places(self, address: str) -> list[Range] | None:
        """Return the places of the records that are wanted of a file; None if no index that was asked names it."""
        found = self._places.get(address)
        return None if found is None else list(zip(found[::2], found[1::2], strict=True))

    def _ask(self, index: LakeFile, files: Sequence[LakeFile], wanted: ImportFilter) -> None:
        """Take from an index the places in the files that lie in or below its folder."""
        folder = index.address.rpartition("/")[0]
        if folder.rpartition("/")[2] in INDEX_FOLDERS:
            folder = folder.rpartition("/")[0]
        by_name: defaultdict[str, list[str]] = defaultdict(list)
        for file in files:
            if file.address.startswith(f"{folder}/"):
                by_name[file.address.rpartition("/")[2]].append(file.address)
        if not by_name:
            return
        meant: dict[str, str | None] = {}  # name in the index -> address
        found: dict[str, array[int]] = {}
        self.bytes += index.size
        try:
            with opened(index.address, self._server) as lines:
                for name, place in IndexSearch(wanted).places(lines, by_name):
                    if name not in meant:
                        meant[name] = the_one(name, by_name[name.rpartition("/")[2]])
                    if (address := meant[name]) is not None:
                        found.setdefault(address, array("Q")).extend(place or ())
        except UnusableIndex as unusable:
            self.notes.append(f"{index.address} is not used: {unusable}")
            return
        for address, places in found.items():
            self._places.setdefault(address, array("Q")).extend(places)


def the_one(name: str, addresses: Sequence[str]) -> str | None:
    """Return which file a name in an index means: the only one so called, with its folders if need be; else None."""
    if len(addresses) > 1:
        addresses = [address for address in addresses if address.endswith(f"/{name}")]
    return addresses[0] if len(addresses) == 1 else None


def places_by_own_index(index: str, file_name: str, wanted: ImportFilter, server: BucketServer) -> list[Range] | None:
    """Return the places that the index of one file names; None if it does not name the file. Raises UnusableIndex."""
    with opened(index, server) as lines:
        found = IndexSearch(wanted).places(lines, {file_name})
        places = [place for _, place in found]
    return [place for place in places if place is not None] if places else None
