"""The typed configuration: one TOML file, with secrets from the environment."""

from protocol_assets.settings.deployment import CONFIG_VARIABLE, HOME_VARIABLE, Settings
from protocol_assets.settings.pacs import PacsSettings
from protocol_assets.settings.values import ConfigurationError

__all__ = ["CONFIG_VARIABLE", "HOME_VARIABLE", "ConfigurationError", "PacsSettings", "Settings"]
