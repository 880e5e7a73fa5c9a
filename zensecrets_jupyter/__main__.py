"""The program ``zensecrets`` as ``python -m zensecrets_jupyter``, for environments whose scripts are not on PATH."""

from zensecrets_jupyter.cli import main

if __name__ == "__main__":
    main()
