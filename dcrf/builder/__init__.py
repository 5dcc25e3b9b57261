"""The only package that turns configuration into objects. What it returns has never seen any."""

from dcrf.builder.method import label_informed
from dcrf.builder.plans import build_plans
from dcrf.builder.run_context import Run

__all__ = ["Run", "build_plans", "label_informed"]
