"""A converter for each kind of document: what it holds as headings and Markdown."""
