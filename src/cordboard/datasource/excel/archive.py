"""Zip files of which a few members change and all others stay as they are, byte for byte (APPNOTE.TXT 6.3.10). Pure."""

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping, Set

from cordboard.datasource.excel.ports import WorkbookError

_LOCAL = struct.Struct("<4s5H3L2H")
"""§4.3.7."""
_CENTRAL = struct.Struct("<4s6H3L5H2L")
"""§4.3.12."""
_END = struct.Struct("<4s4H2LH")
"""§4.3.16."""
_ZIP64 = 1
"""§4.5.3. Some write it into each entry; no workbook that is patched here needs it."""
_ENCRYPTED = 0x1
_UTF_8 = 0x800
LARGEST = 300_000_000
"""Bytes of all members together, unpacked."""


def members(content: bytes) -> zipfile.ZipFile:
    """The archive, opened for reading. Raises WorkbookError if it is none, or none that can be taken apart."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        found = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as fault:
        raise WorkbookError(f"the file is damaged: {fault}; let Excel repair it, or take a copy of it") from fault
    if any(each.flag_bits & _ENCRYPTED for each in found):
        raise WorkbookError("the file is encrypted: save it without a password")
    if sum(each.file_size for each in found) > LARGEST:
        raise WorkbookError(f"the file has more than {LARGEST // 1_000_000} MB when it is unpacked: use a database")
    return archive


def rewritten(content: bytes, changed: Mapping[str, bytes], removed: Set[str] = frozenset()) -> bytes:
    """The archive with the new content of some members and without others. Raises WorkbookError.

    Order, dates and comments stay; of the untouched members also the packed bytes.
    """
    archive = members(content)
    if not content.startswith(b"PK\x03\x04"):
        raise WorkbookError("the file has something before its beginning: save it anew with Excel")
    infos = sorted(archive.infolist(), key=lambda each: each.header_offset)
    start, comment = archive.start_dir, archive.comment
    ends = [each.header_offset for each in infos[1:]] + [start]
    packed = {name: _deflated(raw) for name, raw in changed.items()}
    out, directory, offsets = io.BytesIO(), io.BytesIO(), {}
    for info, end in zip(infos, ends, strict=True):
        offsets[info.header_offset] = out.tell()
        if info.filename in changed:
            out.write(_header(info, changed[info.filename], packed[info.filename]) + packed[info.filename])
        elif info.filename not in removed:
            out.write(content[info.header_offset : end])
    kept = 0
    at = start
    for info in archive.infolist():
        fields = list(_CENTRAL.unpack_from(content, at))
        name_end = at + _CENTRAL.size + fields[10]
        extra_end = name_end + fields[11]
        end = extra_end + fields[12]
        if info.filename not in removed:
            name, extra = content[at + _CENTRAL.size : name_end], _without_zip64(content[name_end:extra_end])
            fields[8:10] = info.compress_size, info.file_size
            fields[11] = len(extra)
            fields[16] = offsets[info.header_offset]
            if info.filename in changed:
                raw = changed[info.filename]
                fields[3:5] = fields[3] & _UTF_8, zipfile.ZIP_DEFLATED
                fields[7:10] = zlib.crc32(raw), len(packed[info.filename]), len(raw)
            directory.write(_CENTRAL.pack(*fields) + name + extra + content[extra_end:end])
            kept += 1
        at = end
    placed = out.tell()
    out.write(directory.getvalue())
    out.write(_END.pack(b"PK\x05\x06", 0, 0, kept, kept, out.tell() - placed, placed, len(comment)) + comment)
    return out.getvalue()


def _without_zip64(extra: bytes) -> bytes:
    kept, at = b"", 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind != _ZIP64:
            kept += extra[at : at + 4 + length]
        at += 4 + length
    return kept + extra[at:]


def _header(info: zipfile.ZipInfo, raw: bytes, packed: bytes) -> bytes:
    """The local header of a member. Its sizes stand there: it needs no descriptor behind."""
    name = info.orig_filename.encode("utf-8" if info.flag_bits & _UTF_8 else "cp437")
    year, month, day, hour, minute, second = info.date_time
    header = _LOCAL.pack(
        b"PK\x03\x04",
        20,
        info.flag_bits & _UTF_8,
        zipfile.ZIP_DEFLATED,
        hour << 11 | minute << 5 | second // 2,
        (year - 1980) << 9 | month << 5 | day,
        zlib.crc32(raw),
        len(packed),
        len(raw),
        len(name),
        0,
    )
    return header + name


def _deflated(raw: bytes) -> bytes:
    packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(raw) + packer.flush()
