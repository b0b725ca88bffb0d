#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# agent-archive.sh BUILD DIRECTORY: packs bowline-agent as it was built into DIRECTORY/bowline-agent-linux-PROCESSOR.tar.gz,
# which `bowlinectl agents import DIRECTORY` takes: for machines without a package. Equal builds make equal archives.
set -euo pipefail
[ $# -eq 2 ] || { echo "usage: agent-archive.sh BUILD DIRECTORY" >&2; exit 2; }
build=$1 target=$2
top=$(mktemp -d)
trap 'rm -rf "$top"' EXIT
out="$top/bowline-agent"

# put FILE [PLACE]: the layout is that of the build tree, by which programs find each other.
put() {
  mkdir -p "$out/$(dirname "${2:-$1}")"
  cp -L --preserve=mode "$build/$1" "$out/${2:-$1}"
}

put agent/bowline-agent bin/bowline-agent
put plugins-api/libbowline-plugin-1.so.0
put agent/script/bowline-script-host
put agent/systemd/bowline-agent.service
for manifest in "$build"/agent/plugins/*/*.module; do
  plugin=$(basename "$manifest" .module)
  put "agent/plugins/$plugin/$plugin.module"
  put "agent/plugins/$plugin/bowline-agent-$plugin.so"
  helper="agent/plugins/$plugin/bowline-$plugin"
  [ ! -x "$build/$helper" ] || put "$helper"
done
: >"$out/bowline-agent.archive"
find "$out" -type d -exec chmod 0755 {} +
find "$out" -type f -exec chmod go-w,a+r {} +
find "$out" -type f \( -perm -100 -o -name '*.so*' \) -exec strip --strip-unneeded {} +

mkdir -p "$target"
name="bowline-agent-linux-$(uname -m).tar.gz"
tar --create --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --format=ustar --directory="$top" bowline-agent |
  gzip --no-name -9 >"$target/.$name.new"
mv "$target/.$name.new" "$target/$name"
