"""A decision of a reader that the file does not confirm."""

from __future__ import annotations


class Guess(str):
    """A note on what a reader guessed and the file does not contradict, with the option that overrides it.

    Readers put it among their notes; `Loaded.guesses` collects them.

    Examples
    --------
    >>> notes = ["3 links", Guess("undirected: nothing says otherwise")]
    >>> [note for note in notes if isinstance(note, Guess)]
    ['undirected: nothing says otherwise']
    """
