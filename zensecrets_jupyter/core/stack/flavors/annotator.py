"""Attributes of an annotator, by flavor. In annotators, users label data."""

from __future__ import annotations

from typing import ClassVar

from zensecrets_jupyter.core.stack.flavors.bases import AuthenticatedConfig, CustomConfig


class LabelStudioAnnotatorConfig(AuthenticatedConfig):
    """Label Studio, by default on this machine."""

    TYPE: ClassVar[str] = "annotator"
    FLAVOR: ClassVar[str] = "label_studio"

    instance_url: str = "http://localhost"
    port: int = 8093
    """The port of Label Studio; the default is that of ZenML 0.20."""


class CustomAnnotatorConfig(CustomConfig):
    """An annotator with attributes of any name."""

    TYPE: ClassVar[str] = "annotator"
    FLAVOR: ClassVar[str] = "custom"
