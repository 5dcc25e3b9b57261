"""Draw the picture of README.md: `pip install matplotlib`, `python -m docs.pictures.quickstart`.

Trains the quickstart, and shows the digits as pixels, after pretraining and after fine-tuning, each
by t-SNE in two dimensions. Colors are the labels, which training never sees.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from sklearn.manifold import TSNE
from torch import nn

from dcrf.evaluation.metrics.acc import Acc

ROOT = Path(__file__).parents[2]
METHOD = ROOT / "configurations" / "quickstart" / "quickstart.json"
TITLES = ("pixels", "after pretraining", "after fine-tuning")


def main() -> None:
    """Train, project and draw."""
    digits = load_digits()
    samples = torch.tensor(digits.images[:, None] / 16, dtype=torch.float32)
    with tempfile.TemporaryDirectory() as folder:
        encoders = trained(Path(folder), samples)
    figure, axes = plt.subplots(1, len(TITLES), figsize=(10, 3.6), facecolor="white")
    for axis, title, features in zip(axes, TITLES, (samples.flatten(1), *encoders), strict=True):
        points = TSNE(random_state=0, init="pca").fit_transform(np.asarray(features))
        clusters = KMeans(10, n_init=20, random_state=0).fit_predict(np.asarray(features))
        accuracy = Acc()(digits.target, clusters)
        axis.scatter(*points.T, c=digits.target, cmap="tab10", s=4, linewidths=0)
        axis.set_title(f"{title}: ACC {accuracy:.3f}", fontsize=11)
        axis.set_axis_off()
    figure.text(
        0.5,
        0.03,
        "t-SNE of 1,797 handwritten digits, colored by label; ACC of k-means on the same features",
        ha="center",
        fontsize=9,
        color="#444444",
    )
    figure.subplots_adjust(left=0.01, right=0.99, top=0.9, bottom=0.09, wspace=0.03)
    figure.savefig(Path(__file__).with_suffix(".png"), dpi=150)


def trained(folder: Path, samples: torch.Tensor) -> list[torch.Tensor]:
    """Train the quickstart; return the features (n, d) after each of its phases."""
    files = {phase: folder / f"{phase}.pth" for phase in ("pretraining", "finetuning")}
    run = [sys.executable, "main.py", METHOD, "--output_dir", folder / "runs"]
    for phase, file in files.items():
        save = [{"mapping_name": "encoder", "path_to_file_or_dir": str(file)}]
        run += ["--set", f"phases[{phase}].save_mapping_parameters={json.dumps(save)}"]
    subprocess.run(run, cwd=ROOT, check=True)
    return [encoder(file)(samples).detach() for file in files.values()]


def encoder(file: Path) -> nn.Sequential:
    """Return the quickstart's encoder with the parameters of a file."""
    saved = torch.load(file, weights_only=True)
    layers: list[nn.Module] = [nn.Flatten()]
    for name in sorted(
        (n for n in saved if n.endswith("weight")), key=lambda n: int(n.split(".")[1])
    ):
        layers += [nn.Linear(*saved[name].shape[::-1]), nn.ReLU()]
        layers[-2].load_state_dict(
            {"weight": saved[name], "bias": saved[name.replace("weight", "bias")]}
        )
    return nn.Sequential(*layers[:-1])


if __name__ == "__main__":
    main()
