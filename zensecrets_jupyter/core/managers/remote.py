"""What authors of flavors for shared places build on: the base class, with what its methods are given and give back."""

from zensecrets_jupyter.core.managers._document import Document
from zensecrets_jupyter.core.managers._external import ExternalOptions, ExternalSecretsManager
from zensecrets_jupyter.core.managers._names import Alphabet
from zensecrets_jupyter.core.managers._outcomes import Outcome, Refusal
from zensecrets_jupyter.core.managers._remote import Listed, RemoteSecretsManager
from zensecrets_jupyter.core.managers._requests import RemoteOptions

__all__ = [
    "Alphabet",
    "Document",
    "ExternalOptions",
    "ExternalSecretsManager",
    "Listed",
    "Outcome",
    "Refusal",
    "RemoteOptions",
    "RemoteSecretsManager",
]
