"""Formats of the tokens of well-known services, from the services' documentation on secret scanning.

Most formats are given as prefixes and not as regular expressions, because compiling so many expressions would slow down ``%load_ext``.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from zensecrets_jupyter.core.redaction.recognition.lazy_pattern import LazyPattern


class Token(NamedTuple):
    """A token, and its kind, such as "a GitHub token"."""

    text: str
    kind: str


_PREFIXES: tuple[tuple[str, int, str], ...] = (
    ("github_pat_", 22, "a GitHub token"),
    ("ghp_", 30, "a GitHub token"),
    ("gho_", 30, "a GitHub token"),
    ("ghu_", 30, "a GitHub token"),
    ("ghs_", 30, "a GitHub token"),
    ("ghr_", 30, "a GitHub token"),
    ("glpat-", 20, "a GitLab token"),
    ("glptt-", 20, "a GitLab token"),
    ("gldt-", 20, "a GitLab token"),
    ("glrt-", 20, "a GitLab token"),
    ("glcbt-", 20, "a GitLab token"),
    ("glsoat-", 20, "a GitLab token"),
    ("glft-", 20, "a GitLab token"),
    ("glsa_", 32, "a Grafana token"),
    ("glc_", 32, "a Grafana token"),
    ("xoxb-", 20, "a Slack token"),
    ("xoxp-", 20, "a Slack token"),
    ("xoxa-", 20, "a Slack token"),
    ("xoxe-", 20, "a Slack token"),
    ("xoxe.", 20, "a Slack token"),
    ("xoxo-", 20, "a Slack token"),
    ("xoxr-", 20, "a Slack token"),
    ("xoxs-", 20, "a Slack token"),
    ("xoxc-", 20, "a Slack token"),
    ("xoxd-", 20, "a Slack token"),
    ("xapp-", 20, "a Slack token"),
    ("sk-ant-", 20, "an Anthropic key"),
    ("sk-or-v1-", 20, "an OpenRouter key"),
    ("sk-lf-", 20, "a Langfuse key"),
    ("sk-proj-", 20, "an OpenAI key"),
    ("sk-svcacct-", 20, "an OpenAI key"),
    ("sk-admin-", 20, "an OpenAI key"),
    ("sk_live_", 16, "a Stripe key"),
    ("sk_test_", 16, "a Stripe key"),
    ("rk_live_", 16, "a Stripe key"),
    ("rk_test_", 16, "a Stripe key"),
    ("whsec_", 20, "a Stripe webhook secret"),
    ("sk_", 32, "a secret key"),
    ("hf_", 20, "a Hugging Face token"),
    ("api_org_", 20, "a Hugging Face token"),
    ("npm_", 36, "an npm token"),
    ("pypi-AgE", 30, "a PyPI token"),
    ("dop_v1_", 40, "a DigitalOcean token"),
    ("doo_v1_", 40, "a DigitalOcean token"),
    ("dor_v1_", 40, "a DigitalOcean token"),
    ("shpat_", 32, "a Shopify token"),
    ("shpca_", 32, "a Shopify token"),
    ("shppa_", 32, "a Shopify token"),
    ("shpss_", 32, "a Shopify token"),
    ("gsk_", 32, "a Groq key"),
    ("xai-", 32, "an xAI key"),
    ("r8_", 30, "a Replicate token"),
    ("pplx-", 30, "a Perplexity key"),
    ("tvly-", 20, "a Tavily key"),
    ("pcsk_", 30, "a Pinecone key"),
    ("lsv2_", 30, "a LangSmith key"),
    ("nvapi-", 30, "an NVIDIA key"),
    ("dckr_pat_", 20, "a Docker token"),
    ("dapi", 32, "a Databricks token"),
    ("lin_api_", 32, "a Linear key"),
    ("hvs.", 20, "a Vault token"),
    ("hvb.", 20, "a Vault token"),
    ("hvr.", 20, "a Vault token"),
    ("ATATT3x", 30, "an Atlassian token"),
    ("ATCTT3x", 30, "an Atlassian token"),
    ("ntn_", 40, "a Notion token"),
    ("secret_", 40, "a Notion token"),
    ("figd_", 30, "a Figma token"),
    ("PMAK-", 40, "a Postman key"),
    ("NRAK-", 24, "a New Relic key"),
    ("dp.pt.", 30, "a Doppler token"),
    ("dp.st.", 30, "a Doppler token"),
    ("AGE-SECRET-KEY-1", 40, "an age key"),
    ("sbp_", 30, "a Supabase token"),
    ("sb_secret_", 20, "a Supabase key"),
    ("pscale_tkn_", 30, "a PlanetScale token"),
    ("pscale_pw_", 30, "a PlanetScale password"),
    ("sntrys_", 30, "a Sentry token"),
    ("sntryu_", 30, "a Sentry token"),
    ("SG.", 40, "a SendGrid key"),
    ("xkeysib-", 40, "a Brevo key"),
    ("key-", 32, "a Mailgun key"),
    ("AIza", 35, "a Google API key"),
    ("ya29.", 30, "a Google access token"),
    ("GOCSPX-", 20, "a Google client secret"),
    ("sq0csp-", 30, "a Square secret"),
    ("sq0atp-", 20, "a Square token"),
    ("LTAI", 12, "an Alibaba Cloud key"),
    ("AKID", 28, "a Tencent Cloud key"),
    ("EAA", 80, "a Meta access token"),
    ("pnu_", 30, "a Prefect key"),
    ("ZENKEY_", 30, "a ZenML key"),
    ("tskey-", 20, "a Tailscale key"),
    ("pul-", 40, "a Pulumi token"),
    ("squ_", 40, "a SonarQube token"),
    ("sqp_", 40, "a SonarQube token"),
    ("sqa_", 40, "a SonarQube token"),
    ("ops_eyJ", 40, "a 1Password token"),
    ("sgp_", 40, "a Sourcegraph token"),
    ("phx_", 40, "a PostHog key"),
    ("rpa_", 30, "a RunPod key"),
    ("tgp_v1_", 30, "a Together key"),
    ("csk-", 30, "a Cerebras key"),
    ("y0_", 50, "a Yandex token"),
    ("sl.", 60, "a Dropbox token"),
    ("rubygems_", 40, "a RubyGems key"),
    ("cio", 32, "a crates.io token"),
    ("FwoGZXIvYXdz", 60, "an AWS session token"),
    ("IQoJb3JpZ2lu", 60, "an AWS session token"),
)
"""For each token: its prefix, the minimum number of characters after the prefix, and its kind.

The first row that fits is used, so a longer prefix comes before its own beginning: ``sk_live_`` before ``sk_``.
"""

# The rows of the table by the first two characters of their prefix, for a fast search.
_BY_FIRST_TWO: dict[str, list[tuple[str, int, str]]] = {}
for _format in _PREFIXES:
    _BY_FIRST_TWO.setdefault(_format[0][:2], []).append(_format)

_RUN = LazyPattern(r"[A-Za-z0-9_.~-]{20,}")
"""A run of characters with which a token of the table or of another format begins. Words, paths and most URLs have no such run."""
# The rest of a token in base64, which may contain characters that a run does not.
_BASE64_TAIL = LazyPattern(r"[A-Za-z0-9_.~+/=-]*")
_MIN_DIFFERENT_CHARACTERS = 8
"""Minimum number of different characters after the prefix of a token. A placeholder such as `ghp_xxxxxxxxxxxxxxxxxxxx` has only one.

A token of ``_OTHER_FORMATS`` must have more different characters than this in its whole text.
"""
_BASE64_LENGTH = 60
"""If the minimum length of a row is at least this number, its tokens are base64, which may contain slashes and plus signs."""
_AWS_IDENTIFIER = r"(?:AKIA|ASIA)[A-Z0-9]{16}"
_DISCORD = r"[MNO][A-Za-z0-9_-]{23,28}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,}"
_OTHER_FORMATS: tuple[tuple[str, str], ...] = (
    (r"sk-[A-Za-z0-9_-]{20,}", "an OpenAI key"),
    (r"pat[A-Za-z0-9]{14}\.[0-9a-f]{64}", "an Airtable token"),
    (r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{60,}", "a Terraform token"),
    (r"[0-9a-f]{32}-us\d{1,2}", "a Mailchimp key"),
    (r"[A-Za-z0-9_~.-]{3}\dQ~[A-Za-z0-9_~.-]{31,34}", "an Azure client secret"),
    (r"SK[0-9a-f]{32}", "a Twilio key"),
)
"""Formats of tokens that need more than a prefix and a minimum length: a regular expression and the kind of the token."""
_DOTS = 2
"""Number of dots in a Discord token and in a signed JSON web token. An encrypted JSON web token has more dots."""
_PRIVATE_KEY = "PRIVATE KEY"


def tokens_in(value: str) -> list[Token]:
    """Return the tokens of well-known services in ``value``."""
    tokens: list[Token] = []
    if _PRIVATE_KEY in value and "-----BEGIN " in value:
        return [Token(value, "a private key")]
    for run in _RUN.finditer(value):
        token = _token_at(value, run)
        if token is not None:
            tokens.append(token)
    # The formats below contain a colon, slashes or dollar signs, which a run does not contain.
    if ":AA" in value:
        tokens += [Token(match[0], "a Telegram token") for match in re.finditer(r"\b\d{8,10}:AA[A-Za-z0-9_-]{33}", value)]
    if "1//0" in value:
        tokens += [Token(match[0], "a Google refresh token") for match in re.finditer(r"(?<![\w/:])1//0[A-Za-z0-9_-]{30,}", value)]
    if value.startswith("$"):
        tokens += [Token(match[0], "a password hash") for match in re.finditer(r"\$(?:2[aby]|5|6|y|argon2id?)\$\S{20,}", value)]
    return tokens


def _token_at(value: str, run: re.Match[str]) -> Token | None:
    """Return the token that begins with ``run`` in ``value``, or ``None``."""
    text = run[0]
    for prefix, min_length, kind in _BY_FIRST_TWO.get(text[:2], ()):
        if text.startswith(prefix) and len(text) - len(prefix) >= min_length and len(set(text[len(prefix) :])) >= _MIN_DIFFERENT_CHARACTERS:
            after = _BASE64_TAIL.match(value, run.end()) if min_length >= _BASE64_LENGTH else None
            return Token(text + (after[0] if after else ""), kind)
    return _other_token(text)


def _other_token(text: str) -> Token | None:
    """Return ``text`` as a token if it has a well-known format outside the table of prefixes."""
    dots = text.count(".")
    if text.startswith("eyJ") and dots >= _DOTS and re.fullmatch(r"eyJ[\w-]{6,}(?:\.[\w-]*){2,4}", text):
        return Token(text, "a JSON web token")
    if text[:4] in {"AKIA", "ASIA"} and re.fullmatch(_AWS_IDENTIFIER, text):
        return Token(text, "an AWS access key")
    if text[0] in "MNO" and dots == _DOTS and re.fullmatch(_DISCORD, text):
        return Token(text, "a Discord token")
    if len(set(text)) > _MIN_DIFFERENT_CHARACTERS:
        for expression, kind in _OTHER_FORMATS:
            if re.fullmatch(expression, text):
                # Without a digit, the text is an identifier, such as a CSS class.
                is_identifier = text.startswith("sk-") and not any(character.isdigit() for character in text)
                return None if is_identifier else Token(text, kind)
    return None
