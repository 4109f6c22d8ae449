#!/usr/bin/env bash
# Renew requirements/*.txt: hashed, for every supported Python, without the address of any registry. usage: deploy/lock.sh VENV
set -euo pipefail
venv=$1
cd "$(dirname "$0")/.."
export UV_PYTHON_DOWNLOADS=never
lock() {
	local out=$1
	shift
	"$venv/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-annotate --custom-compile-command "make lock" pyproject.toml "$@" -o "requirements/$out.txt"
}
lock core --group build
lock site --group build --extra postgres --extra mariadb --extra s3 --extra quality --extra console --extra matching --extra streams
lock airflow --group build --extra postgres --extra mariadb --extra s3 --extra quality --extra streams --extra airflow
lock dev --group build --group dev --all-extras
echo uv | "$venv/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate \
	--custom-compile-command "make lock" - -o requirements/uv.txt
