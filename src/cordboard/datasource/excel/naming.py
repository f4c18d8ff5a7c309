"""How workbooks are called."""

from pathlib import Path, PurePosixPath

from cordboard.datasource.excel.ports import WorkbookError


def parts_of(workbook: str, folder: Path) -> tuple[str, ...]:
    """The parts of a name within `folder`. Raises WorkbookError for one that leads anywhere else.

    A link that the administrator has put into the folder is followed: scenarios cannot make any.
    """
    name = workbook.strip()
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if not name or "\0" in name or not parts or ".." in parts or parts[0] in {"/", "."} or ":" in parts[0]:
        raise WorkbookError(f"{workbook!r} is no name of a workbook: write the name of a file in {folder}")
    return parts
