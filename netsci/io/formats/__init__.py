"""One file, or one folder, for each format of files, and `sniff`, which tells formats apart by content."""
