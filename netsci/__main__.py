"""`python -m netsci` is the command line."""

from netsci.cli import main

if __name__ == "__main__":
    main()
