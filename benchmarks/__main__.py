"""`make bench`: measure everything in one run."""

from dcrf.runs.spinning import shorten_spinning

shorten_spinning()  # as main.py does, before torch is imported

from benchmarks.run import main  # noqa: E402

main()
