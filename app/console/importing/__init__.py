"""A file on its way into the knowledge base: kept while its dry run is read, then taken in or thrown away."""
