"""The files of an archive: written, found, checked and read."""
