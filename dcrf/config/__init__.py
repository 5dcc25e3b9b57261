"""From a method file to a checked, filled `MethodConfig`. Nothing in here imports torch."""

from dcrf.config.batch import check_batch
from dcrf.config.method import load_method, with_places
from dcrf.config.model import MethodConfig

__all__ = ["MethodConfig", "check_batch", "load_method", "with_places"]
