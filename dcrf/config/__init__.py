"""From a method file or dict to a checked `MethodConfig` with all defaults, without torch."""

from dcrf.config.load import load_checked, load_datasets, with_places
from dcrf.config.method_config import MethodConfig
from dcrf.config.rules.shared_files import check_shared_files

__all__ = ["MethodConfig", "check_shared_files", "load_checked", "load_datasets", "with_places"]
