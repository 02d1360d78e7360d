"""Options of a deployment: read from TOML, and refused with the file and the key."""

from __future__ import annotations

import pytest

from dynastore.errors import ModelError
from dynastore.infra.deployment import Deployment
from dynastore.infra.sections import Alarms, Backups, Bucket, Network, Provisioned

WHOLE = """
deletion_protection = false
recovery_days = 7
table_class = "STANDARD_INFREQUENT_ACCESS"
encryption = "customer"
replicas = ["eu-central-1"]
scopes = ["qa", ["acme", "qa"]]
roles = ["reader"]
dashboard = true

[tags]
team = "agents"

[replica_keys]
eu-central-1 = "arn:aws:kms:eu-central-1:123456789012:key/1234"

[provisioned]
read_max = 1000

[bucket]
name = "agent-payloads"
archive_after_days = 90

[alarms]
emails = ["on-call@example.org"]

[backups]
keep_days = 14

[network]
vpc = "vpc-0123456789abcdef0"
route_tables = ["rtb-0123456789abcdef0"]
"""


@pytest.fixture
def read(tmp_path):
    def read(text):
        path = tmp_path / "deploy.toml"
        path.write_text(text, "utf-8")
        return Deployment.read(path)

    return read


def test_an_empty_file_is_the_default_of_everything(read):
    assert read("") == Deployment()


def test_every_option_can_be_read(read):
    assert read(WHOLE) == Deployment(
        deletion_protection=False,
        recovery_days=7,
        table_class="STANDARD_INFREQUENT_ACCESS",
        encryption="customer",
        replicas=("eu-central-1",),
        scopes=(("qa",), ("acme", "qa")),
        roles=("reader",),
        dashboard=True,
        tags={"team": "agents"},
        replica_keys={"eu-central-1": "arn:aws:kms:eu-central-1:123456789012:key/1234"},
        provisioned=Provisioned(read_max=1000),
        bucket=Bucket(name="agent-payloads", archive_after_days=90),
        alarms=Alarms(emails=("on-call@example.org",)),
        backups=Backups(keep_days=14),
        network=Network(vpc="vpc-0123456789abcdef0", route_tables=("rtb-0123456789abcdef0",)),
    )


KEY_OF_ANOTHER = "arn:aws:kms:us-east-1:123456789012:key/1"
TO_ANOTHER = f'eu-west-1 = "{KEY_OF_ANOTHER}"'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("recovery_day = 7", "recovery_day is no option; did you mean recovery_days?"),
        ("colour = 7", "colour is no option; there are provisioned, "),
        ("recovery_days = 36", "recovery_days is a whole number from 0 to 35, not 36"),
        ("recovery_days = true", "recovery_days is a whole number from 0 to 35, not True"),
        ('retain = "yes"', "retain is true or false, not 'yes'"),
        ('table_class = "GLACIER"', "table_class is one of STANDARD, STANDARD_INF"),
        ("table_class = [1]", "table_class is one of STANDARD, STANDARD_INF"),
        ('encryption = "mine"', "encryption is aws-owned, aws-managed, customer or the ARN of a k"),
        ('replicas = "eu-west-1"', "replicas is a list, not 'eu-west-1'"),
        ('replicas = ["europe"]', "replicas is a region such as eu-west-1, not 'europe'"),
        ('replicas = ["eu-west-1", "eu-west-1"]', "replicas is a list without repetition"),
        ("replicas = [[1]]", "replicas is a region such as eu-west-1, not [1]"),
        ("scopes = [[]]", "scopes is a list of one or more, not ()"),
        ("scopes = [7]", "scopes is a list of one or more, not 7"),
        ('roles = ["owner"]', "roles is one of reader, writer, admin, not 'owner'"),
        ("tags = 3", "tags is a table of keys and values, not 3"),
        ('[tags]\n"aws:x" = "y"', "tags is keys of 1 to 128 characters"),
        ("alarms = true", "alarms is a section, [alarms], not True"),
        ("[alarms]\nlatency_ms = 0", "alarms.latency_ms is a whole number from 1 to 60,000, not 0"),
        ("[alarms]\nemail = 0", "alarms.email is no option; did you mean emails?"),
        ('[alarms]\nemails = ["x"]', "alarms.emails is a list of e-mails, not 'x'"),
        (
            '[alarms]\nemails = ["a@b.c"]\ntopic_arn = "arn:aws:sns:eu-west-1:123456789012:t"',
            "alarms.emails are of a topic that is made",
        ),
        (
            "[provisioned]\nread_min = 900",
            "provisioned.read_min is 900, above read_max, which is 5",
        ),
        ("max_read_units = 5\n[provisioned]", "max_read_units and max_write_units are of a table"),
        ('[bucket]\nname = "A"', "bucket.name is 3 to 63 lower-case letters"),
        (
            '[bucket]\narchive_class = "STANDARD_IA"\narchive_after_days = 7',
            "bucket.archive_after_days is 7, and S3 moves nothing to STANDARD_IA before 30 days",
        ),
        (
            "[backups]\ncold_after_days = 7",
            "backups.keep_days is 35; with cold_after_days 7 it is 97",
        ),
        (
            '[backups]\nschedule = "daily"',
            "backups.schedule is six fields such as cron(0 3 * * ? *)",
        ),
        ("[network]", "network.vpc is missing"),
        (
            '[network]\nvpc = "vpc-0123456789abcdef0"\nroute_tables = []',
            "network.route_tables is a list of one or more, not ()",
        ),
        (
            'encryption = "customer"\nreplicas = ["eu-west-1"]',
            "replica_keys has a key for none, and it takes one for eu-west-1",
        ),
        (
            f'encryption = "{KEY_OF_ANOTHER}"\nreplicas = ["eu-west-1"]\n[replica_keys]\n{TO_ANOTHER}',
            "replica_keys has a key of us-east-1 for eu-west-1",
        ),
        ("[replicas]\neu-west-1 = true", "replicas is a list, not {'eu-west-1': True}"),
        ("scopes = [{qa = 1}]", "scopes is a list of one or more, not {'qa': 1}"),
        ('[tags]\n"AWS:x" = "y"', "tags is keys of 1 to 128 characters"),
        ('[tags]\nTeam = "x"\nteam = "y"', "tags has keys that differ in capitals alone"),
        ("[tags]\n" + "\n".join(f'k{each} = ""' for each in range(51)), "tags has 51, and AWS tak"),
        ('[backups]\nschedule = "cron(0 3 * * ? ${x})"', "backups.schedule is six fields such as"),
        (
            '[alarms]\ntopic_arn = "arn:aws:sns:eu-west-1:123456789012:${x}"',
            "alarms.topic_arn is the ARN of a topic",
        ),
        ("recovery_days", "cannot be read as options"),
    ],
)
def test_what_is_no_option_is_refused_with_the_file_and_the_key(read, text, message):
    with pytest.raises(ModelError) as refused:
        read(text)
    assert "deploy.toml" in str(refused.value)
    assert message in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ModelError, match=r"none\.toml cannot be read as options"):
        Deployment.read(tmp_path / "none.toml")
