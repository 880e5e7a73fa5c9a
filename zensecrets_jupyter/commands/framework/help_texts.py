"""Help texts that the command tree reads at every start, so this module imports nothing."""

from __future__ import annotations

COMPONENT_PURPOSES = {
    "alerter": "notify people",
    "annotator": "let people label data",
    "artifact-store": "hold the outputs of steps",
    "container-registry": "hold images",
    "data-validator": "check data",
    "experiment-tracker": "record experiments",
    "feature-store": "serve features",
    "model-deployer": "serve models",
    "orchestrator": "run the steps of a pipeline",
    "secrets-manager": "store secrets",
    "step-operator": "run single steps elsewhere",
}
"""The command groups of the eleven component types, each with what its components do."""

SINGLE_USER = "a workspace has one user, so there is nobody to share with. A stack's file shares it: %stack export NAME FILE"
"""Why ``share`` does nothing."""

ROOT_TEXTS = {
    "analytics": "There is nothing to set: this package sends nothing to anybody.",
    "disconnect": "There is nothing to disconnect: no server keeps the registrations.",
    "down": "There is nothing to stop: no server is running. In JupyterLab the panel is part of the page.",
    "go": "There is no tour here; `zensecrets quickstart` in a terminal copies the example notebooks.",
    "init": "There is nothing to prepare: the workspace is made with the first command, under ZENSECRETS_HOME.",
    "integration": (
        "Nothing was installed. What a flavor needs is an extra of this package: pip install 'zensecrets-jupyter[aws]',"
        " or gcp, azure, vault, github, sql, zenml."
    ),
    "logs": "There are no logs: no server is running.",
    "logging": "There is nothing to set: this package writes no logs of its own.",
    "profile": "There are no profiles: each ZENSECRETS_HOME is a workspace of its own.",
    "project": "There are no projects: each ZENSECRETS_HOME is a workspace of its own.",
    "status": "No server is needed. The active stack: %stack describe",
    "up": "There is nothing to start: no server is needed. In JupyterLab the panel is part of the page.",
}
"""Commands of ZenML that do nothing here, each with the line that it prints."""

GROUP_TEXTS = {
    "annotator": {"dataset": "Datasets are not handled here: label and export them in the annotator itself."},
    "feature-store": {
        "feature": "Features are not handled here: the feature store's own command lists them, such as `feast feature-views list`."
    },
    "model-deployer": {"models": "Served models are not handled here: the model deployer's own command lists them."},
    "secret": {
        "backup": "There is no second store to back up to; %zen secrets-manager copy NAME TARGET copies to another secrets manager.",
        "restore": "There is no second store to restore from; %zen secrets-manager copy NAME TARGET copies back from another one.",
    },
}
"""Commands of ZenML inside groups that do nothing here, each with the line that it prints."""

MISSING_COMMAND_HINTS = {
    "connect": "No server keeps the registrations; the flavor 'zenml' of secrets managers keeps secrets on a ZenML server.",
    "deploy": "No server is needed, and none is deployed.",
    "destroy": "No server is needed, and none was deployed.",
    "example": "`zensecrets quickstart` in a terminal copies the example notebooks.",
    "login": "No server keeps the registrations; the flavor 'zenml' of secrets managers keeps secrets on a ZenML server.",
    "pipeline": "A pipeline runs where it is called: in a cell or a script.",
    "recipe": "Build a cloud with Terraform itself, and register what it made as components.",
    "role": "A workspace has one user; the folder's permissions say who can read it.",
    "team": "A workspace has one user; a secrets manager that others reach is shared with them.",
    "user": "A workspace has one user; a secrets manager that others reach is shared with them.",
}
"""Commands of ZenML without a counterpart, each with an alternative. They are errors, so that a script stops."""
