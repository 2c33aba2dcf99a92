"""Reading sparse networks from files, safely."""
