"""The company's data behind small Protocols: workbooks (`excel`), databases (`sql`), web services (`web`)."""
