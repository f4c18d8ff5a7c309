"""Excel workbooks: read once per change and shared, patched in place, written through a journal."""
