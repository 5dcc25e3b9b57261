"""Write `pairs_usps.csv`: pairs of images of USPS that must, or cannot, share a cluster.

They stand for those that a person would sort: both images of a pair are drawn from all 9,298, and
the labels of USPS say whether they show the same digit.
"""

import sys
from pathlib import Path

import numpy as np
from torchvision.datasets import USPS

FILE = Path(__file__).with_name("pairs_usps.csv")
PAIRS = 1000


def content(folder: Path) -> str:
    """Return the text of the CSV file.

    Args:
        folder: of the images of USPS as torchvision keeps them.
    """
    parts = [USPS(str(folder), train=train).targets for train in (True, False)]
    labels = np.concatenate(parts)
    random = np.random.default_rng(0)
    rows = [random.choice(len(labels), size=2, replace=False) for _ in range(PAIRS)]
    lines = [f"{i},{j},{1 if labels[i] == labels[j] else -1}" for i, j in rows]
    return "\n".join(["first,second,sign", *lines, ""])


if __name__ == "__main__":
    FILE.write_text(content(Path(sys.argv[1])))
