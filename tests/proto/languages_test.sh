#!/usr/bin/env bash
# The command with which the documentation has code generated for other languages works for all that protoc knows by
# itself, and Python takes what it wrote.
set -euo pipefail
cd "$(dirname "$(readlink -f WORKSPACE)")"
command=$(grep -rhE '^    protoc .*--python_out=out ' README.md docs)
[ "$(wc -l <<<"$command")" = 1 ] || { echo "not one command, but: $command"; exit 1; }
for language in cpp csharp java kotlin objc php python ruby; do
  out=$TEST_TMPDIR/$language
  mkdir "$out"
  bash -euc "${command/--python_out=out/--${language}_out=$out}"
  [ "$(find "$out" -type f | wc -l)" -ge 10 ] || { echo "protoc wrote little for $language"; ls -R "$out"; exit 1; }
done
cd "$TEST_TMPDIR/python"
/usr/bin/python3 - <<'END'
from armstate.v1 import checkpoint_service_pb2, restore_report_pb2
from google.protobuf import json_format

acknowledgement = checkpoint_service_pb2.StreamCheckpointsResponse.Acknowledgement(item=7)
acknowledgement.error.code = 5
again = type(acknowledgement).FromString(acknowledgement.SerializeToString())
assert again.error.code == 5 and again.WhichOneof("outcome") == "error", again
report = restore_report_pb2.RestoreReport(verdict=restore_report_pb2.VERDICT_REFUSED)
assert json_format.MessageToDict(report) == {"verdict": "VERDICT_REFUSED"}, report
END
