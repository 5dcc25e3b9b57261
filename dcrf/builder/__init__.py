"""Builds objects from configuration. The objects themselves never see configuration."""

from dcrf.builder.data_sources import open_samples
from dcrf.builder.method import label_informed, trains_on_labels
from dcrf.builder.plans import build_plans
from dcrf.builder.run_context import RunContext

__all__ = ["RunContext", "build_plans", "label_informed", "open_samples", "trains_on_labels"]
