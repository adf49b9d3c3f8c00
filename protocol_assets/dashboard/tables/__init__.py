"""What the pages show: published tables in, tables out; no page, no file, no clock."""
