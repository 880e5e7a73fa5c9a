"""The magics ``%zen``, ``%secret``, ``%stack`` and ``%%with_secrets``, their completion and their progress line."""
