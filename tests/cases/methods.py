"""Small whole methods for tests, and helpers to write and run them."""

import bz2
import json
import pickle
import struct
import zlib
from copy import deepcopy
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.utils import Bunch

ENCODER = {
    "type": "feature_extractor",
    "name": "encoder",
    "layers": [
        {"type": "Flatten"},
        {"type": "Linear", "in_features": 64, "out_features": 16},
        {"type": "ReLU"},
        {"type": "Linear", "in_features": 16, "out_features": 5},
    ],
}
DECODER = {
    "type": "design_pattern_specific",
    "name": "decoder",
    "layers": [
        {"type": "Linear", "in_features": 5, "out_features": 64},
        {"type": "Unflatten", "dim": 1, "unflattened_size": [1, 8, 8]},
    ],
}
RECONSTRUCTION = {
    "pattern": "reconstruction",
    "encoder_name": "encoder",
    "decoder_name": "decoder",
    "loss_report_interval": 2,
}
CENTROIDS = {
    "type": "feature_representation_centroid_similarity",
    "similarity_measure": "student_t",
    "centroid_initialization_strategy": "classical_clustering",
    "centroid_initialization_classical_clustering_num_restarts": 2,
    "centroid_recalculation_strategy": "recalculation_by_design_pattern",
    "use_centroids_during_phases": ["finetuning"],
}
VIEW = {"type": "RandomAffine", "degrees": 10}


def adam(*mappings, **others):
    return {"type": "Adam", "lr": 0.01, "trained_mapping_names": list(mappings), **others}


def digits(**changes):
    """The first 200 of scikit-learn's digits."""
    return {
        "source": "sklearn",
        "dataset": "load_digits",
        "name": "digits",
        "batch_size": 50,
        "num_clusters": 10,
        "shuffle": True,
        "index_of_last_sample_to_use": 199,
        "batch_augmentations": [{"name": "view", "transforms": [VIEW]}],
        **changes,
    }


def method(**changes):
    """Pretraining by reconstruction, then DEC with an entropy term on each of two views."""
    content = {
        "name": "tiny",
        "mappings": [ENCODER, DECODER],
        "cluster_assignment_strategy": CENTROIDS,
        "phases": [
            {
                "name": "pretraining",
                "order": 1,
                "exit_criteria": {"iterations": 4},
                "design_patterns": [RECONSTRUCTION],
                "optimizers": [adam("encoder", "decoder")],
            },
            {
                "name": "finetuning",
                "order": 2,
                "exit_criteria": {"iterations": 4},
                "performance_evaluation_interval": 2,
                "design_patterns": [
                    {
                        "pattern": "target_distribution",
                        "target_distribution_recalculation_interval": 2,
                    },
                    {"pattern": "assignment_entropy"},
                    {"pattern": "assignment_entropy", "batch_augmentation_name": "view"},
                ],
                "optimizers": [adam("encoder", optimizes_centroids=True)],
            },
        ],
        "datasets": [digits()],
    }
    return deepcopy({**content, **changes})


def collapsing(**changes):
    """Features are multiplied by 0 from the start, so all samples have the same."""
    content = method(name="collapsing")
    (entry,) = [m for m in content["mappings"] if m["name"] == "encoder"]
    nothing = {"function_name": "hardtanh", "min_val": 0.0, "max_val": 1e-30}
    entry["post_processing_functions"] = [nothing]
    strategy = content["cluster_assignment_strategy"]
    strategy["centroid_initialization_strategy"] = "random_feature_representations"
    often = {"exit_criteria": {"iterations": 200}, "performance_evaluation_interval": 50}
    content["phases"][1] |= {**often, **changes}
    return content


def linear(name, n_in=5, n_out=5, role="design_pattern_specific", **others):
    layer = {"type": "Linear", "in_features": n_in, "out_features": n_out}
    return {"type": role, "name": name, "layers": [layer], **others}


def only_pretraining(*mappings, strategy=None):
    """Changes to the method that leave mappings to be built and nothing to train."""
    phase = {"name": "p", "order": 1, "exit_criteria": {"iterations": 1}}
    strategy = strategy or {
        "type": "classical_clustering_in_feature_space_after_phase",
        "classical_clustering_in_feature_space_after_phase": "p",
    }
    return {"mappings": [*mappings], "phases": [phase], "cluster_assignment_strategy": strategy}


def written(folder, content, name="method.json"):
    """Write a method file and return its path as a string."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(json.dumps(content))
    return str(file)


def records(folder):
    """The lines of `metrics.jsonl` in a run's folder."""
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def result(folder):
    return json.loads((folder / "result.json").read_text())


def contents(folder):
    """The files of a run that must not depend on time and folder, by name."""
    kept = [folder / "metrics.jsonl", folder / "result.json", *folder.glob("parameters/*")]
    return {file.name: file.read_bytes() for file in kept}


def final(folder, position=-1):
    """The final evaluation on a data set, by default the last one."""
    return result(folder)["datasets"][position]["evaluation"]


def class_folders(folder, number):
    """Write a folder of classes, each with the same image; return it."""
    folder.mkdir()
    image = folder.parent / "image.png"
    pixels = np.random.default_rng(0).integers(256, size=(40, 40, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(image)
    for label in range(number):
        (folder / f"{label:04}").mkdir()
        (folder / f"{label:04}" / "0.png").hardlink_to(image)
    return folder


def fake_usps(root: Path, n: int = 150):
    """Write files that torchvision reads as USPS, with n images each."""
    random = np.random.default_rng(0)
    for name in ("usps.bz2", "usps.t.bz2"):
        pixels = random.uniform(-1, 1, size=(n, 256))
        labels = random.integers(1, 11, size=n)
        rows = (
            f"{label} {' '.join(f'{i}:{value:.3f}' for i, value in enumerate(image, start=1))}\n"
            for label, image in zip(labels, pixels, strict=True)
        )
        (root / name).write_bytes(bz2.compress("".join(rows).encode()))
    return root


def fake_mnist(root: Path, n: int = 300):
    """Write files that torchvision reads as MNIST (and, in its own folder, Fashion-MNIST)."""
    random = np.random.default_rng(0)
    for folder in ("MNIST", "FashionMNIST"):
        raw = root / folder / "raw"
        raw.mkdir(parents=True)
        for part in ("train", "t10k"):
            images = random.integers(256, size=(n, 28, 28), dtype=np.uint8)
            labels = random.integers(10, size=n, dtype=np.uint8)
            head = struct.pack(">IIII", 0x803, n, 28, 28)
            (raw / f"{part}-images-idx3-ubyte").write_bytes(head + images.tobytes())
            head = struct.pack(">II", 0x801, n)
            (raw / f"{part}-labels-idx1-ubyte").write_bytes(head + labels.tobytes())
    return root


def fake_newsgroups(root: Path, n: int = 120):
    """Write a cache of the 20 newsgroups as scikit-learn does, with more than 2,000 terms."""
    parts = {}
    for part in ("train", "test"):
        names = [f"20news_home/{part}/group_{number % 20:02d}/{number}" for number in range(n)]
        posts = [" ".join(f"term{at}" for at in range(20 * i, 20 * i + 40)) for i in range(n)]
        parts[part] = Bunch(data=posts, filenames=np.array(names))
    (root / "20news-bydate_py3.pkz").write_bytes(zlib.compress(pickle.dumps(parts)))
    return root
