"""From a method file to a checked, filled `MethodConfig`. Nothing in here imports torch."""

from dcrf.config.load import load_checked, with_places
from dcrf.config.method_config import MethodConfig
from dcrf.config.rules.shared_files import check_shared_files

__all__ = ["MethodConfig", "check_shared_files", "load_checked", "with_places"]
