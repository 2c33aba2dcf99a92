"""`python -m netsci.cli` is the command line too."""

from netsci.cli import main

if __name__ == "__main__":
    main()
