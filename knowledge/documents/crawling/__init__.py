"""The pages of a site whose owner allows it, by its sitemap."""
