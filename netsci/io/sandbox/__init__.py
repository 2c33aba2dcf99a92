"""The child process that reads files of strangers, under limits of memory and time."""
