"""Values for the required attributes of built-in flavors."""

from __future__ import annotations

from typing import Any

REQUIRED_ATTRIBUTES: dict[tuple[str, str], dict[str, Any]] = {
    ("alerter", "slack"): {"slack_token": "{{slack.token}}"},
    ("artifact_store", "azure"): {"path": "abfs://container"},
    ("artifact_store", "gcp"): {"path": "gs://bucket"},
    ("artifact_store", "s3"): {"path": "s3://bucket"},
    **{("container_registry", flavor): {"uri": "host"} for flavor in ("aws", "azure", "default", "dockerhub", "gcp", "github")},
    ("experiment_tracker", "wandb"): {"api_key": "{{wandb.key}}"},
    ("feature_store", "feast"): {"feast_repo": "repo"},
    ("model_deployer", "kserve"): {"base_url": "http://host"},
    ("model_deployer", "seldon"): {"base_url": "http://host"},
    ("orchestrator", "tekton"): {"kubernetes_context": "context"},
    ("orchestrator", "vertex"): {"location": "europe-west1"},
    ("step_operator", "azureml"): dict.fromkeys(("subscription_id", "resource_group", "workspace_name", "compute_target_name"), "x"),
    ("step_operator", "sagemaker"): {"role": "role", "instance_type": "ml.m5.large"},
    ("step_operator", "spark-kubernetes"): {"master": "k8s://host"},
    ("step_operator", "vertex"): {"region": "europe-west1"},
}
"""The values by attribute, for each type and flavor. An attribute for a secret has a reference."""
