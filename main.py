"""Run method files: `python main.py --help`."""

from dcrf.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
