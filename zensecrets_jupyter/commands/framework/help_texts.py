"""Help texts of the command tree.

The command tree is built for each command line, so this module imports nothing that takes time.
"""

from __future__ import annotations

COMPONENT_PURPOSES = {
    "alerter": "notify people",
    "annotator": "let people label data",
    "artifact-store": "save the outputs of steps",
    "container-registry": "store container images",
    "data-validator": "check data",
    "experiment-tracker": "record experiments",
    "feature-store": "serve features",
    "model-deployer": "serve models",
    "orchestrator": "run the steps of a pipeline",
    "secrets-manager": "store secrets",
    "step-operator": "run single steps on other machines",
}
"""The command groups of the eleven component types, each with the purpose of its components."""

SINGLE_USER = "a workspace has only one user. To share a stack, export it to a file: %stack export NAME FILE"
"""The reason why ZenML's command ``share`` does nothing here, as a clause for a sentence."""

ROOT_TEXTS = {
    "analytics": "There is nothing to set: this package sends no usage data.",
    "disconnect": "There is nothing to disconnect: the registrations are on this machine, not on a server.",
    "down": "There is nothing to stop: no server is running. In JupyterLab the panel is part of the page.",
    "go": "There is no tour. To copy the example notebooks, run `zensecrets quickstart` in a terminal.",
    "init": "There is nothing to prepare: the first command creates the workspace under ZENSECRETS_HOME.",
    "integration": (
        "Nothing was installed. The packages of a flavor are an extra of this package: pip install 'zensecrets-jupyter[aws]',"
        " or gcp, azure, vault, github, sql, zenml."
    ),
    "logs": "There are no logs: no server is running.",
    "logging": "There is nothing to set: this package writes no logs.",
    "profile": "There are no profiles: each ZENSECRETS_HOME is a separate workspace.",
    "project": "There are no projects: each ZENSECRETS_HOME is a separate workspace.",
    "status": "No server is needed. The active stack: %stack describe",
    "up": "There is nothing to start: no server is needed. In JupyterLab the panel is part of the page.",
}
"""ZenML's commands outside groups that do nothing here, each with the line that it prints."""

GROUP_TEXTS = {
    "annotator": {"dataset": "This package does not manage datasets. Label and export them in the annotator."},
    "feature-store": {
        "feature": "This package does not manage features. The command of the feature store lists them, such as `feast feature-views list`."
    },
    "model-deployer": {"models": "This package does not manage served models. The command of the model deployer lists them."},
    "secret": {
        "backup": "There is no backup store. To copy the secrets to another secrets manager: %zen secrets-manager copy NAME TARGET",
        "restore": "There is no backup store. To copy the secrets back from another secrets manager: %zen secrets-manager copy NAME TARGET",
    },
}
"""The commands of ZenML that do nothing here, by command group.

Each command has the line that it prints.
"""

MISSING_COMMAND_HINTS = {
    "connect": "The registrations are on this machine. To store secrets on a ZenML server, use the flavor 'zenml' of secrets managers.",
    "deploy": "This package needs no server.",
    "destroy": "This package needs no server.",
    "example": "To copy the example notebooks, run `zensecrets quickstart` in a terminal.",
    "login": "The registrations are on this machine. To store secrets on a ZenML server, use the flavor 'zenml' of secrets managers.",
    "pipeline": "To run a pipeline, call it in a cell or a script.",
    "recipe": "Create the cloud resources with Terraform, and register them as components.",
    "role": "A workspace has one user. The permissions of its folder control the access.",
    "team": "A workspace has one user. To share secrets, register a secrets manager that others can use too.",
    "user": "A workspace has one user. To share secrets, register a secrets manager that others can use too.",
}
"""Commands of ZenML that have no counterpart here, each with the hint of the error.

They are errors, because a script that uses them needs their effect. The commands in ``ROOT_TEXTS`` are not needed, so they are no errors.
"""
