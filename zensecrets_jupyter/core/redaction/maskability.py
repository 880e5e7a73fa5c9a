"""Check whether a value can be masked.

Short and common values can't be, because they occur in ordinary output.
"""

from __future__ import annotations

import re

SHORTEST_VALUE = 6
"""Minimum number of characters of a value that can be masked."""

# Words, hosts and JSON keys in lower case that occur in ordinary output.
_COMMON_TEXTS = frozenset(
    """
    access account active address admin administrator amazon anonymous answer append apikey application assert async attribute author
    available balance before binary boolean bucket buffer cancel category changeme character client cluster column common complete
    config connection console content context continue control copyright count create credential credentials cursor custom database
    default define delete description desktop develop developer development device dictionary digits directory disable disabled display
    docker document domain download dropped editor element enable enabled encoding engine entries environment epochs example except
    experiment export failed failure feature features figure filename filter finally finished folder format frozenset function general
    gateway github global google guest handle hardware header headers height history hostname import inactive inference information
    inline input insert install instance integer interface internal invalid iteration jupyter kernel keyboard keyword kubernetes lambda
    language latest length letter library license linear listen loaded loading local localhost location logging machine manager mapping
    master matplotlib matrix maximum member memory message metadata method metric minimum missing mobile module monitor mysqld
    native network nobody nonlocal normal notebook nothing notice number numpy object offline online openai operation operator option
    options oracle origin output overwrite package pandas parameter parameters parent passed passphrase passwd password passwords
    pattern pending people platform plotly plugin policy position postgres postgresql prefix preview primary private process prod
    production profile program project prompt property protected protocol provider public publish pyplot python pytorch quickstart
    random readonly reason record redis region register registry release remote remove render replace report repository request
    required reserved reset resource response result results return reverse root running runtime sample sandbox schema script search
    secret secrets section security select sender sensitive server service service_account authorized_user session setting settings
    shared signal simple single sklearn socket source sqlite staging standard started starting static status stdout stderr stopped
    storage stream string strings student subject submit success suffix summary support switch symbol system target temporary tensor
    tensorflow terminal testing timeout timestamp titles tokens toolbar tracking traceback training transform trigger unavailable
    undefined unicode unique unknown unused update upload username utf-8 validation value values variable vector verbose verify version
    virtual volume warning webhook website welcome widget widgets window windows without worker workspace writer
    googleapis.com oauth2.googleapis.com amazonaws.com core.windows.net 127.0.0.1 0.0.0.0 255.255.255.255 application/json text/plain
    token_uri auth_uri client_id client_email private_key private_key_id project_id access_token refresh_token
    """.split()
)
# The names of the regions and zones of AWS, Google Cloud and Azure.
_REGION = re.compile(
    r"(?:us|eu|ap|sa|ca|me|af|il|mx|cn)(?:-gov|-iso[a-z]?)?-(?:north|south|east|west|central)+(?:-?\d[a-f]?)?"
    r"|(?:us|europe|asia|australia|northamerica|southamerica|africa|me)-(?:north|south|east|west|central)+\d(?:-[a-f])?"
    r"|(?:north|south|east|west|central)*(?:us|europe|asia|india|uk|japan|korea|canada|brazil|australia)(?:north|south|east|west|central)*\d?"
)
_DAY = re.compile(r"(?:19|20)\d\d[-/]?(?:0[1-9]|1[0-2])[-/]?(?:0[1-9]|[12]\d|3[01])")
_COUNTED_DIGITS = ("01234567890123456789", "98765432109876543210")
"""The digits in counting order, upwards and downwards. A part of one of these texts is a common number."""
_LONGEST_COMMON = 40
"""Maximum length of a common value. A longer value can be masked unless it is white space."""


def unmaskable_reason(value: str) -> str:
    """Return the reason why ``value`` can't be masked.

    The reason is the end of a sentence, such as "it is a date". It is empty if the value can be masked.
    """
    if len(value) < SHORTEST_VALUE:
        return f"it has fewer than {SHORTEST_VALUE} characters"
    if len(value) > _LONGEST_COMMON:
        return "it is white space" if value.isspace() else ""
    word = value.strip().casefold()
    if len(word) < SHORTEST_VALUE:
        return f"it has fewer than {SHORTEST_VALUE} characters besides white space"
    return _common_reason(word)


def _common_reason(word: str) -> str:
    """Return the reason why a short text is common.

    The reason is the end of a sentence. It is empty if the text is not common.
    """
    # A common number has digits in counting order, or one digit and zeros, such as 100000.
    reason = ""
    if len(set(word)) == 1:
        reason = "it is one repeated character"
    elif word in _COMMON_TEXTS:
        reason = "it is a common word"
    elif _REGION.fullmatch(word):
        reason = "it is the name of a region"
    elif word.isdigit() and (any(word in digits for digits in _COUNTED_DIGITS) or not word[1:].strip("0")):
        reason = "it is a common number"
    elif _DAY.fullmatch(word):
        reason = "it is a date"
    return reason
