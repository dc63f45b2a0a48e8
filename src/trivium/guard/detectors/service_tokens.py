"""Tokens of code forges, chat and model services."""

import re

from trivium.guard.detectors.detector import Detector, Literals, key

GITHUB_TOKEN = Detector(
    name="github-token",
    title="GitHub personal, OAuth, app or refresh token",
    source=(
        "GitHub documentation, about authentication, token formats: gh[pousr]_ and 36"
        " or more, github_pat_ and 82"
    ),
    finder=Literals(
        literals=("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        pattern=re.compile(
            r"(?<![A-Za-z0-9_])(?:gh[pousr]_[A-Za-z0-9]{36,255}+|github_pat_\w{82,255}+)",
            re.ASCII,
        ),
        opening=re.compile(
            r"(?:gh[pousr]_[A-Za-z0-9]{0,255}+|github_pat_\w{0,255}+)", re.ASCII
        ),
        max_length=267,
        hint="_",
        split=re.compile(r"(gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{82})", re.ASCII),
    ),
    examples=(
        "ghp_" + "a1B2c3" * 6,
        "ghp_" + "a1B2c3 " * 6,
        "token github_pat_" + "1A" * 11 + "_" + "b2C" * 19 + "dd",
    ),
    counter_examples=(
        "ghp_ begins them",
        "ghp_" + "a1B2c3" * 5,
        "xghp_" + "a1B2c3" * 6,
    ),
)

GITLAB_TOKEN = Detector(
    name="gitlab-token",
    title="GitLab personal, deploy or runner token",
    source=(
        "GitLab documentation, token overview, token prefixes: glpat-, gldt-, glrt-,"
        " glcbt-, glptt- and 20 or more"
    ),
    finder=key(
        ("glpat-", "gldt-", "glrt-", "glcbt-", "glptt-"), r"A-Za-z0-9_\-.", 20, 300
    ),
    examples=("glpat-" + "a1B2c3D4e5F6g7H8i9J0", "glpat-" + "a1B2c3D4e5\nF6g7H8i9J0"),
    counter_examples=(
        "glpat- begins them",
        "glpat-short",
        "aglpat-" + "a1B2c3D4e5F6g7H8i9J0",
    ),
)

SLACK_TOKEN = Detector(
    name="slack-token",
    title="Slack bot, user, app or configuration token",
    source=(
        "Slack API documentation, token types: xoxb-, xoxp-, xoxa-, xoxr-, xoxs-,"
        " xoxe-, xapp-"
    ),
    finder=Literals(
        literals=("xox", "xapp-"),
        pattern=re.compile(
            r"(?<![A-Za-z0-9_])(?:xox[abeprs]|xapp)-[A-Za-z0-9-]{20,300}+"
        ),
        opening=re.compile(
            r"xox(?:[abeprs](?:-[A-Za-z0-9-]{0,300}+)?)?|xapp-[A-Za-z0-9-]{0,300}+"
        ),
        max_length=306,
        split=re.compile(
            r"((?:xox[abeprs]|xapp)-[A-Za-z0-9-]{20})[A-Za-z0-9-]{0,280}+"
        ),
    ),
    examples=(
        "xoxb-" + "1234567890-" * 2 + "a1B2c3D4e5F6",
        "xapp-" + "1-A1B2C3 D4E5F6G7-1234567",
    ),
    counter_examples=("xoxb- begins them", "xoxb-1234", "boxxoxb-" + "1234567890-" * 2),
)

ANTHROPIC_KEY = Detector(
    name="anthropic-key",
    title="Anthropic API, admin or OAuth key",
    source=(
        "Anthropic documentation, API keys: `sk-ant-` and a kind (api03, admin01,"
        " oat01, sid01)"
    ),
    finder=key(("sk-ant-",), r"A-Za-z0-9_\-", 30, 255),
    examples=(
        "sk-ant-" + "api03-" + "a1B2c3_-" * 12,
        "sk-ant-" + "admin01-" + "a1B2 c3D4 " * 5,
    ),
    counter_examples=(
        "sk-ant- begins them",
        "sk-ant-api03-...",
        "task-ant-" + "api03-" + "a1B2c3D4" * 5,
    ),
)

OPENAI_KEY = Detector(
    name="openai-key",
    title="OpenAI key (project, service account, admin or legacy)",
    source=(
        "OpenAI help centre, API keys; every key carries the marker T3BlbkFJ (GitHub"
        " secret scanning patterns)"
    ),
    finder=Literals(
        literals=("sk-", "T3BlbkFJ"),
        pattern=re.compile(
            r"(?<![A-Za-z0-9_])sk-(?:(?:proj|svcacct|admin|None)-[\w-]{40,255}+"
            r"|[A-Za-z0-9]{48}(?![\w-]))|T3BlbkFJ[\w-]{20,90}+",
            re.ASCII,
        ),
        opening=re.compile(
            r"sk-(?:(?:proj|svcacct|admin|None)-[\w-]{0,255}+|[A-Za-z0-9]{0,48}+)"
            r"|T3BlbkFJ[\w-]{0,90}+",
            re.ASCII,
        ),
        max_length=268,
        split=re.compile(
            r"(sk-(?:proj|svcacct|admin)-[\w-]{40})[\w-]{0,215}+", re.ASCII
        ),
    ),
    examples=(
        "sk-proj-" + "a1B2c3_-" * 8 + "T3BlbkFJ" + "a1B2c3_-" * 8,
        "sk-" + "a1B2c3D4e5F6g7H8i9J0" + "T3BlbkFJ" + "a1B2c3D4e5F6g7H8i9J0",
        "sk-proj-" + "a1B2c3D4 " * 12,
    ),
    counter_examples=(
        "sk-proj- begins them",
        "a task-force of many",
        "sk-learn is a library",
        "sk-proj-short",
    ),
)

DETECTORS = (GITHUB_TOKEN, GITLAB_TOKEN, SLACK_TOKEN, ANTHROPIC_KEY, OPENAI_KEY)
