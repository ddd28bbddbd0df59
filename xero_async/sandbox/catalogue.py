"""All resources of the sandbox, from the modules that hold their rows."""

from __future__ import annotations

from typing import Final

from . import resources, resources_money, resources_orders, resources_settings
from .resources import Resource

ALL_RESOURCES: Final[tuple[Resource, ...]] = (
    *resources.RESOURCES,
    *resources_money.RESOURCES,
    *resources_settings.RESOURCES,
    *resources_orders.RESOURCES,
)
