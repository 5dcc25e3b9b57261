"""Run method files: `python main.py --help`."""

if __name__ == "__main__":
    try:
        from dcrf.cli.main import main

        code = main()
    except KeyboardInterrupt:  # during imports
        code = 130
    raise SystemExit(code)
