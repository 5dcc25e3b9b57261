"""Run the command `dcrf` by `python -m dcrf`."""

if __name__ == "__main__":
    try:
        from dcrf.cli.commands import main

        code = main()
    except KeyboardInterrupt:  # during imports
        code = 130
    raise SystemExit(code)
