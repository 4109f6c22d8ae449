"""Master data of a device maker's world, generated: parties and items in two scripts, with planted duplicates and their neighbours."""
