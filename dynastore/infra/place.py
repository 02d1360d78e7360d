"""What a template cannot know, and AWS refuses late: whether options go with the stack's name and region."""

from __future__ import annotations

from ..errors import RequestError
from .backups import NAME_CHARACTERS, name_of_vault
from .deployment import Deployment, region_of


def check_place(deployment: Deployment, *, stack: str, region: str) -> None:
    """Refuse options that go with another stack, or another region.

    Args:
        deployment: the options.
        stack: name of the stack.
        region: where it is.

    Raises:
        RequestError: its backups would have names too long; a replica is in its own region; a key is not.
    """
    vault = name_of_vault(stack)
    if deployment.backups is not None and len(vault) > NAME_CHARACTERS:
        raise RequestError(
            f"the vault of backups would be called {vault}, which is {len(vault)} characters, and AWS Backup "
            f"takes {NAME_CHARACTERS}: give the stack a shorter name, --stack"
        )
    if region in deployment.replicas:
        raise RequestError(
            f"replicas has {region}, which is the region of the stack; name the other ones"
        )
    of_key = region_of(deployment.encryption)
    if of_key not in {None, region}:
        raise RequestError(
            f"encryption is a key of {of_key}, and the stack is in {region}: keys are of one region"
        )
