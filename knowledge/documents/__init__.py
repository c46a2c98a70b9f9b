"""Documents (Markdown, HTML, DOCX, PDF, text, the pages of a site) as drafts of entries."""
