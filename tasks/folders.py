"""Folders of the user's, as the XDG base directory specification names them."""

import os
from collections.abc import Mapping
from pathlib import Path


def user_folder(variable: str, usual: str, environment: Mapping[str, str] = os.environ) -> Path:
    """The folder ``lawsmith`` in the one that `variable` names, by default in `usual`.

    A relative path counts as none, as the specification asks: it would mean another folder in each current folder,
    which may be a stranger's.
    """
    named = Path(environment.get(variable, ""))
    return (named if named.is_absolute() else Path(usual).expanduser()) / "lawsmith"
