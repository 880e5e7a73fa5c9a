"""``python -m zensecrets_jupyter`` is the command ``zensecrets``, where that is in no PATH."""

from zensecrets_jupyter.cli import main

if __name__ == "__main__":
    main()
