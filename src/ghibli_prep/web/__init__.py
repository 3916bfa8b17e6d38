"""The pages: one self-contained HTML file each, which needs no network. Text in them is escaped, all of it."""
