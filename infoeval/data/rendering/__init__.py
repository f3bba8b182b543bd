"""Image sets that are drawn here: meshes, parts and glyphs."""
