"""Names of this project's runs: `defaults.json` freezes the defaults, `aliases.json` holds earlier names.

CONTRIBUTING says when each gains a line.
"""

from pathlib import Path

from netsci.sweep import Names

RUN_NAMES = Names.read(Path(__file__).with_name("defaults.json"), Path(__file__).with_name("aliases.json"))
