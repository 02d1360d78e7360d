"""Other places than that of the shared table: where they are, and what tables are called there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen

from ..errors import ModelError, shown
from ..keys.addresses import PLACE, SCHEMES, address, name_in
from ..table import Table

if TYPE_CHECKING:
    import boto3
    from botocore.config import Config

PLACE_KEYS = {"url", "region_name", "profile", "endpoint_url", "bucket"}  # of a place in a file
SQLITE = "sqlite://"


@frozen
class Elsewhere:
    """Another place than that of the shared table: another region, account, server or file.

    Nothing is opened before something is asked of it. Credentials are found there by whoever asks:
    nothing of this is ever written to a table.

    Attributes:
        url: of an SQLite file, such as ``sqlite:///us.db``; nothing else is said then but the bucket.
        region_name: such as ``us-east-1``.
        profile: of the AWS configuration, which may name a role of another account.
        endpoint_url: another server than AWS's.
        bucket: that of payloads there, where the shared table has one; in a file by default the same.
        session: a boto3 session instead of a profile; from code alone.
        config: a botocore Config; from code alone.
    """

    url: str | None = None
    region_name: str | None = field(default=None, kw_only=True)
    profile: str | None = field(default=None, kw_only=True)
    endpoint_url: str | None = field(default=None, kw_only=True)
    bucket: str | None = field(default=None, kw_only=True)
    session: boto3.Session | None = field(default=None, kw_only=True, repr=False)
    config: Config | None = field(default=None, kw_only=True, repr=False)

    def __attrs_post_init__(self) -> None:
        """Refuse what says two things, or nothing.

        Raises:
            ModelError: it does.
        """
        for name in sorted(PLACE_KEYS):
            if not isinstance(getattr(self, name), str | None):
                raise ModelError(f"{name} of a place is a text, not {shown(getattr(self, name))}")
        aws = self.region_name, self.profile, self.endpoint_url, self.session, self.config
        if self.url is not None and not self.url.startswith(SQLITE):
            raise ModelError(
                f"{self.url!r} is no place: a URL is that of a file, such as 'sqlite:///us.db'. For a "
                "table of DynamoDB say region_name, profile or endpoint_url"
            )
        if (self.url is None) is all(each is None for each in aws):
            raise ModelError("a place is a url, or has a region_name, a profile or an endpoint_url")
        if self.profile is not None and self.session is not None:
            raise ModelError("a session has a profile already; leave one of them out")

    def holds(self, table: Table, place: str) -> Table:
        """A table as it is called where this place has that name, with its bucket there.

        Raises:
            ModelError: payloads are kept in a bucket, and none is named for this place.
        """
        bucket = self.bucket
        if table.bucket is None:
            bucket = None  # payloads are parts, here as there
        elif bucket is None and self.url is not None:
            bucket = name_in(table.bucket)
        elif bucket is None:
            raise ModelError(
                f"payloads are kept in bucket {table.bucket}, and place {place!r} names none: give it "
                "a bucket="
            )
        called = None if bucket is None else address(place, bucket)
        return evolve(table, name=address(place, name_in(table.name)), bucket=called)


def as_places(places: object) -> Mapping[str, Elsewhere]:
    """Places by their names, as a user gives them: a text is the URL of a file.

    Raises:
        ModelError: one is no place, or a name is none.
    """
    if not isinstance(places, Mapping):
        raise ModelError(f"places= is name -> Elsewhere(), not {shown(places)}")
    found: dict[str, Elsewhere] = {}
    for name, each in places.items():
        if not isinstance(name, str) or not PLACE.fullmatch(name) or name in SCHEMES:
            raise ModelError(
                f"{name!r} names no place: 1 to 32 letters, digits, '_' and '-', but not "
                f"{' or '.join(sorted(SCHEMES))}"
            )
        if not isinstance(each, str | Elsewhere):
            raise ModelError(f"place {name!r}: write Elsewhere(...), not {shown(each)}")
        found[name] = Elsewhere(each) if isinstance(each, str) else each
    return found


def told_places(told: Mapping[str, Any]) -> dict[str, Elsewhere]:
    """What a file says of other places.

    Raises:
        ModelError: something that is none.
    """
    places = told.get("places", {})
    if not isinstance(places, dict):
        raise ModelError(f"places are tables, [places.us], not {shown(places)}")
    found = {}
    for name, each in places.items():
        if not isinstance(each, dict):
            raise ModelError(f"places.{name} is a table, [places.{name}], not {shown(each)}")
        if unknown := sorted(each.keys() - PLACE_KEYS):
            keys = ", ".join(sorted(PLACE_KEYS))
            raise ModelError(f"{unknown[0]!r} is no key of places.{name}; it has {keys}")
        found[name] = Elsewhere(**each)
    return found
