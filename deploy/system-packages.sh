#!/usr/bin/env bash
# Install Debian packages that are missing. usage: deploy/system-packages.sh PACKAGE:PROOF...   PROOF is a file that the package brings.
set -euo pipefail
missing=()
for pair in "$@"; do
	package=${pair%%:*} proof=${pair#*:}
	[ -n "$proof" ] && [ -e "$proof" ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" = 0 ]; then
	run=()
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
	run=(sudo -n)
else
	echo "Missing system packages. Please run as root:  apt-get update && apt-get install -y ${missing[*]}" >&2
	exit 1
fi
echo "Installing system packages: ${missing[*]}"
"${run[@]}" apt-get update -qq
"${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
