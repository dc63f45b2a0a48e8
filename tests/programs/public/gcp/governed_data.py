"""A database, keys, secrets and an audit sink, with the services they need switched
on."""

import pulumi
import pulumi_gcp as gcp

generation = pulumi.Config().get("generation") or "1"
services = [
    gcp.projects.Service(
        name, service=f"{name}.googleapis.com", disable_on_destroy=False
    )
    for name in ("cloudkms", "secretmanager", "sqladmin", "aiplatform")
]
ring = gcp.kms.KeyRing(
    "ring", location="europe-west1", opts=pulumi.ResourceOptions(depends_on=services)
)
key = gcp.kms.CryptoKey(
    "key",
    key_ring=ring.id,
    rotation_period="7776000s",
    purpose="ENCRYPT_DECRYPT",
    version_template={
        "algorithm": "GOOGLE_SYMMETRIC_ENCRYPTION",
        "protection_level": "SOFTWARE",
    },
)
gcp.kms.CryptoKeyIAMMember(
    "key-user",
    crypto_key_id=key.id,
    role="roles/kms.cryptoKeyEncrypterDecrypter",
    member="serviceAccount:someone@rehearsal.iam.gserviceaccount.com",
)
secret = gcp.secretmanager.Secret(
    "password", secret_id="password", replication={"auto": {}}
)
gcp.secretmanager.SecretVersion(
    "password",
    secret=secret.id,
    secret_data=pulumi.Output.secret("correct-horse-battery-staple"),
)
database = gcp.sql.DatabaseInstance(
    "database",
    database_version="POSTGRES_16",
    region="europe-west1",
    deletion_protection=False,
    settings={
        "tier": "db-f1-micro",
        "availability_type": "REGIONAL",
        "backup_configuration": {
            "enabled": True,
            "point_in_time_recovery_enabled": True,
        },
        "ip_configuration": {"ipv4_enabled": True, "ssl_mode": "ENCRYPTED_ONLY"},
        "user_labels": {"generation": generation},
    },
)
gcp.sql.Database("app", instance=database.name)
gcp.sql.User(
    "app", instance=database.name, password=pulumi.Output.secret("hunter2-not-real")
)
audit = gcp.storage.Bucket(
    "audit",
    location="EU",
    storage_class="STANDARD",
    public_access_prevention="enforced",
    uniform_bucket_level_access=True,
    versioning={"enabled": True},
    retention_policy={"retention_period": 2678400},
    encryption={"default_kms_key_name": key.id},
)
sink = gcp.logging.ProjectSink(
    "audit",
    destination=audit.name.apply(lambda name: f"storage.googleapis.com/{name}"),
    filter="logName:cloudaudit.googleapis.com",
    unique_writer_identity=True,
)
gcp.storage.BucketIAMMember(
    "audit-writer",
    bucket=audit.name,
    role="roles/storage.objectCreator",
    member=sink.writer_identity,
)
gcp.projects.IAMMember(
    "viewer",
    project="rehearsal",
    role="roles/viewer",
    member="group:auditors@example.test",
)
gcp.artifactregistry.Repository(
    "images", repository_id="images", location="europe-west1", format="DOCKER"
)
pulumi.export("connection", database.connection_name)
