#!/usr/bin/env bash
# Make a virtual environment that holds exactly one locked set. usage: deploy/bootstrap.sh VENV SET
set -euo pipefail
venv=$1 set=$2
here=$(cd "$(dirname "$0")/.." && pwd)
cd "$here"

find_python() {
	for name in "${PYTHON:-python3}" python3.13 python3.12 python3.11; do
		if command -v "$name" >/dev/null 2>&1 && "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
			command -v "$name"
			return
		fi
	done
	echo "UDIHub needs Python 3.11, 3.12 or 3.13; none was found. On Debian: apt-get install python3 python3-venv" >&2
	exit 1
}

if [ ! -x "$venv/bin/python" ] || ! "$venv/bin/python" -c 'import pip' 2>/dev/null; then
	python=$(find_python)
	if ! "$python" -c 'import ensurepip' 2>/dev/null; then
		# Debian splits ensurepip off; the file that says so is in the package of the same version.
		"$here/deploy/system-packages.sh" "$("$python" -c 'import sys; print(f"python3.{sys.version_info.minor}-venv")'):"
	fi
	echo "Making a virtual environment in $venv with $("$python" --version)."
	"$python" -m venv --clear "$venv"
fi
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
uv=("$venv/bin/uv")
# Where the machine has certificates of its own (a company's proxy), they count; a bare machine takes those that uv brings.
[ -s /etc/ssl/certs/ca-certificates.crt ] && uv+=(--system-certs)
export UV_PYTHON_DOWNLOADS=never
export UV_LINK_MODE="${UV_LINK_MODE:-copy}"
echo "Installing the locked set '$set' ($(grep -c '==' "requirements/$set.txt") packages)."
"${uv[@]}" pip sync --quiet --python "$venv/bin/python" --require-hashes --compile-bytecode "requirements/$set.txt" --allow-empty-requirements
"${uv[@]}" pip install --quiet --python "$venv/bin/python" --no-deps --no-build-isolation --editable .
rm -f "$venv"/.site "$venv"/.dev
touch "$venv/.$set"
# The larger set holds the smaller one, so that `make demo` after `make test` takes nothing away.
[ "$set" = dev ] && touch "$venv/.site"
exit 0
