"""Run method files: `python main.py --help`."""

if __name__ == "__main__":
    try:
        from dcrf.cli.main import main

        code = main()
    except KeyboardInterrupt:  # while Python is still importing
        code = 130
    raise SystemExit(code)
