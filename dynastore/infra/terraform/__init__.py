"""The same resources for Terraform, as JSON configuration of the provider ``hashicorp/aws``."""

from __future__ import annotations

from .configuration import configuration as configuration

__all__ = ["configuration"]
