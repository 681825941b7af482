#!/bin/sh
# Creates the work pools, deployments and automations on the server that PREFECT_API_URL names, or brings them up to date.
# After a change over to containers: apply.sh watch/watch-docker
set -eu
cd "$(dirname "$0")"
export PIPELINE_IMAGE="${PIPELINE_IMAGE:-alvh-pipeline:0.1.0}"
for kind in process docker; do
  python -m prefect --no-prompt work-pool inspect "alvh-$kind" >/dev/null 2>&1 ||
    python -m prefect --no-prompt work-pool create "alvh-$kind" --type "$kind"
done
python -m prefect --no-prompt deploy --all --prefect-file prefect.yaml
python -m flows.automations "$@"
