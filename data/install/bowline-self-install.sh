#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bowline-agent and its settings in one file. The server puts the settings in below and the agent's archive behind;
# what this file is asked for is handed to the program in it.
set -eu

die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

if [ $# -eq 0 ]; then
  cat >&2 <<'USAGE'
usage: meshagent -install | -fullinstall [--installPath=DIR] [--WebProxy=ADDRESS]   make this machine a device
       meshagent -uninstall | -fulluninstall [--installPath=DIR]                    take it out again
       meshagent -nodeid | -state | --version
USAGE
  exit 2
fi

umask 022
work=
# Some systems start no programs from the usual place for temporary files.
for place in "${TMPDIR:-/tmp}" /var/tmp /run; do
  work=$(mktemp -d "$place/bowline-agent.XXXXXXXX" 2>/dev/null) || continue
  printf '#!/bin/sh\n' >"$work/try"
  chmod 0700 "$work/try"
  if "$work/try" 2>/dev/null; then break; fi
  rm -rf "$work"
  work=
done
[ -n "$work" ] || die 'no directory for temporary files allows to start programs; set TMPDIR'
trap 'rm -rf "$work"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

archive=$work/archive.tar.gz
tail -c @SIZE@ -- "$0" >"$archive" || die 'cannot read this file'
if command -v sha384sum >/dev/null 2>&1; then
  printf '%s  %s\n' @SHA384@ "$archive" | sha384sum -c - >/dev/null 2>&1 || die 'this file is damaged, download it again'
fi
gzip -dc "$archive" | tar -xf - -C "$work" || die 'this file is damaged, download it again'
program=$work/bowline-agent/bin/bowline-agent
(umask 077 && cat >"$program.msh") <<'@END OF SETTINGS@'
@SETTINGS@
@END OF SETTINGS@

case $1 in
  install | -install | -fullinstall) set -- "$@" --archive "$archive" ;;
esac
status=0
"$program" "$@" || status=$?
exit "$status"
# The archive follows.
