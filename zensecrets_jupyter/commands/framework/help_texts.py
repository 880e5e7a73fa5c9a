"""What commands of ZenML that have nothing to do here say; a module of its own, since the tree reads it at every start."""

from __future__ import annotations

COMPONENTS = {
    "alerter": "Alerters: they tell people what a pipeline found.",
    "annotator": "Annotators: they let people label data.",
    "artifact-store": "Artifact stores: they keep what steps return.",
    "container-registry": "Container registries: they keep images.",
    "data-validator": "Data validators: they check data.",
    "experiment-tracker": "Experiment trackers: they record experiments.",
    "feature-store": "Feature stores: they serve features.",
    "model-deployer": "Model deployers: they serve models.",
    "orchestrator": "Orchestrators: they run the steps of a pipeline.",
    "secrets-manager": "Secrets managers: they keep secrets.",
    "step-operator": "Step operators: they run single steps elsewhere.",
}
"""The groups that handle the eleven types of component."""

ALONE = "a workspace has one user, so there is nobody to share with. A stack's file shares it: %stack export NAME FILE"
"""Why nothing is shared."""

OF_ROOT = {
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
"""Commands of ZenML itself, by name, each with the line that it says here."""

OF_GROUPS = {
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
"""Commands inside of groups, likewise."""

ABSENT = {
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
"""Commands of ZenML whose work nobody does here, each with what to do instead: an error, so that a script does not go on without it."""
