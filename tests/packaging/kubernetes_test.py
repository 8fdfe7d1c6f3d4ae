#!/usr/bin/env python3
"""packaging/kubernetes against the schema of Kubernetes' API, as its Python client has it; and the configuration in it against armstated."""
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml
from kubernetes import client

MODELS = {"ConfigMap": "V1ConfigMap", "Service": "V1Service", "StatefulSet": "V1StatefulSet", "NetworkPolicy": "V1NetworkPolicy"}


def check(value, kind: str, path: str) -> None:
    """Fails for a member that the type lacks, or a value of another type."""
    if found := re.fullmatch(r"list\[(.*)\]", kind):
        assert isinstance(value, list), f"{path} is no list"
        for i, item in enumerate(value):
            check(item, found[1], f"{path}[{i}]")
    elif found := re.fullmatch(r"dict\(str, (.*)\)", kind):
        assert isinstance(value, dict), f"{path} is no map"
        for name, item in value.items():
            check(item, found[1], f"{path}.{name}")
    elif kind in ("str", "int", "bool", "float"):
        assert type(value).__name__ == kind, f"{path} is {value!r}, not {kind}"
    elif kind == "object":  # int or string: a port by number or by name
        assert isinstance(value, (int, str)), f"{path} is {value!r}"
    else:
        model = getattr(client, kind)
        names = {json_name: name for name, json_name in model.attribute_map.items()}
        for name, item in value.items():
            assert name in names, f"{path}.{name}: {kind} has no such member"
            check(item, model.openapi_types[names[name]], f"{path}.{name}")


class Answer:
    """What the client's deserializer, which knows what is required, takes."""

    def __init__(self, document: dict):
        self.data = json.dumps(document)


def check_configuration(text: str, armstated: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "armstated.conf"
        file.write_text(text)
        done = subprocess.run([armstated, f"--config={file}", "--check_config"], capture_output=True, text=True)
        # Its options are right, and the first of its files is not there.
        assert "/etc/armstate/tls/" in done.stderr, done.stderr


def main() -> int:
    documents = list(yaml.safe_load_all(Path("packaging/kubernetes/armstated.yaml").read_text()))
    assert [document["kind"] for document in documents] == list(MODELS), "other documents than expected"
    for document in documents:
        model = MODELS[document["kind"]]
        check(document, model, document["kind"])
        client.ApiClient().deserialize(Answer(document), model)
    check_configuration(documents[0]["data"]["armstated.conf"], "server/armstated")
    for fault, message in (({"kind": "Service", "spec": {"prots": []}}, "no such member"), ({"spec": {"ports": "x"}}, "is no list")):
        try:
            check(fault, "V1Service", "fault")
        except AssertionError as error:
            assert message in str(error)
        else:
            raise AssertionError(f"{fault} passes")
    print(f"{len(documents)} documents are valid")
    return 0


if __name__ == "__main__":
    sys.exit(main())
