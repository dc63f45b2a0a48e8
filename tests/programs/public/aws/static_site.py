"""A website in a bucket behind a content delivery network."""

import json

import pulumi
import pulumi_aws as aws

config = pulumi.Config()
index_document = config.get("indexDocument") or "index.html"

site = aws.s3.Bucket(
    "site", tags={"Project": "website", "Generation": config.get("generation") or "1"}
)

aws.s3.BucketOwnershipControls(
    "site-ownership", bucket=site.id, rule={"object_ownership": "BucketOwnerPreferred"}
)
public_access = aws.s3.BucketPublicAccessBlock(
    "site-public-access",
    bucket=site.bucket,
    block_public_acls=True,
    block_public_policy=False,
    ignore_public_acls=True,
    restrict_public_buckets=False,
)
website = aws.s3.BucketWebsiteConfiguration(
    "site-website",
    bucket=site.id,
    index_document={"suffix": index_document},
    error_document=aws.s3.BucketWebsiteConfigurationErrorDocumentArgs(key="404.html"),
)
aws.s3.BucketCorsConfiguration(
    "site-cors",
    bucket=site.id,
    cors_rules=[
        {
            "allowed_methods": ["GET", "HEAD"],
            "allowed_origins": ["*"],
            "max_age_seconds": 3000,
        }
    ],
)
aws.s3.BucketObjectv2(
    "index",
    bucket=site.id,
    key=index_document,
    source=pulumi.StringAsset("<h1>Hello</h1>"),
    content_type="text/html",
)
aws.s3.BucketPolicy(
    "site-policy",
    bucket=site.id,
    policy=site.arn.apply(
        lambda arn: json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": "*",
                        "Action": ["s3:GetObject"],
                        "Resource": [f"{arn}/*"],
                    }
                ],
            }
        )
    ),
    opts=pulumi.ResourceOptions(depends_on=[public_access]),
)
distribution = aws.cloudfront.Distribution(
    "cdn",
    enabled=True,
    default_root_object=index_document,
    origins=[
        {
            "origin_id": site.arn,
            "domain_name": website.website_endpoint,
            "custom_origin_config": {
                "http_port": 80,
                "https_port": 443,
                "origin_protocol_policy": "http-only",
                "origin_ssl_protocols": ["TLSv1.2"],
            },
        }
    ],
    default_cache_behavior={
        "target_origin_id": site.arn,
        "viewer_protocol_policy": "redirect-to-https",
        "allowed_methods": ["GET", "HEAD", "OPTIONS"],
        "cached_methods": ["GET", "HEAD", "OPTIONS"],
        "forwarded_values": {"query_string": False, "cookies": {"forward": "none"}},
        "min_ttl": 0,
        "default_ttl": 600,
        "max_ttl": 600,
    },
    price_class="PriceClass_100",
    custom_error_responses=[
        {"error_code": 404, "response_code": 404, "response_page_path": "/404.html"},
    ],
    restrictions={"geo_restriction": {"restriction_type": "none"}},
    viewer_certificate={"cloudfront_default_certificate": True},
)
pulumi.export("siteUrl", distribution.domain_name.apply(lambda name: f"https://{name}"))
pulumi.export("bucket", site.bucket)
