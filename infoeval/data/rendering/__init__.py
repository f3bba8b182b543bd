"""Drawing of images with known factors: meshes, parts and glyphs."""
