#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes this machine a device of a Bowline server, or takes it out again. The server puts its root certificate in below
# when no authority vouches for it, so that everything fetched from here on is checked.
set -eu

BOWLINE_ROOT='@ROOT_CERTIFICATE@'
PREFIX=/opt/bowline-agent

say() { printf '%s\n' "$*"; }
die() {
  printf 'bowline-install: %s\n' "$*" >&2
  exit 1
}

usage() {
  cat >&2 <<'USAGE'
usage: bowline-install.sh URL GROUP              install the agent and join device group GROUP of the server at URL
       bowline-install.sh uninstall URL GROUP    remove it
URL is the server's address, for example https://server.example.org; GROUP is the group's id.
USAGE
  exit 2
}

# The id goes into a query: the two characters of its alphabet that may not stand there are written as codes.
encode() { printf '%s' "$1" | sed -e 's/@/%40/g' -e 's/\$/%24/g'; }

# fetch URL FILE: nothing but HTTPS, and never without checking the certificate.
fetch() {
  if command -v curl >/dev/null 2>&1; then
    if [ -n "$ca" ]; then
      curl --fail --silent --show-error --proto '=https' --cacert "$ca" --output "$2" -- "$1"
    else
      curl --fail --silent --show-error --proto '=https' --output "$2" -- "$1"
    fi
  elif command -v wget >/dev/null 2>&1; then
    if [ -n "$ca" ]; then
      wget --quiet --https-only --ca-certificate="$ca" --output-document="$2" -- "$1"
    else
      wget --quiet --https-only --output-document="$2" -- "$1"
    fi
  else
    die 'expected curl or wget, found neither'
  fi
}

# The number of MeshAgent's build for this machine.
mesh_agent_number() {
  system=$(uname -s)
  case $system/$(uname -m) in
    Linux/x86_64) if [ "$(getconf LONG_BIT)" = 32 ]; then say 5; else say 6; fi ;;
    Linux/i?86) say 5 ;;
    Linux/aarch64) say 26 ;;
    Linux/armv6l | Linux/armv7l) say 25 ;;
    Linux/riscv64) say 45 ;;
    FreeBSD/amd64) say 30 ;;
    OpenBSD/amd64) say 37 ;;
    Darwin/*) say 10005 ;;
    *) die "there is no agent for $system on $(uname -m)" ;;
  esac
}

is_program() {
  case $(od -A n -t x1 -N 4 "$1" | tr -d ' \n') in
    7f454c46 | cffaedfe | cafebabe) return 0 ;;
    *) return 1 ;;
  esac
}

has_systemd() { [ -d /run/systemd/system ]; }

# Returns 1 when the server has no build of our agent for this machine.
install_bowline_agent() {
  [ "$(uname -s)" = Linux ] && has_systemd || return 1
  fetch "$url/meshagents?bowline=$(uname -m)" "$work/agent.tar.gz" 2>/dev/null || return 1
  mkdir "$work/unpacked"
  tar -xzf "$work/agent.tar.gz" -C "$work/unpacked" --no-same-owner || return 1
  [ -x "$work/unpacked/bowline-agent/bin/bowline-agent" ] || return 1
  "$work/unpacked/bowline-agent/bin/bowline-agent" --version >/dev/null || return 1
  "$work/unpacked/bowline-agent/bin/bowline-agent" -fullinstall --installPath="$PREFIX" --archive "$work/agent.tar.gz" \
    --config "$work/settings.msh" >/dev/null || die 'the agent was not installed'
  say 'The Bowline agent is installed and running.'
}

fetch_mesh_agent() {
  fetch "$url/meshagents?id=$(mesh_agent_number)" "$work/meshagent" \
    || die "the server has no agent for this machine; its administrator can add one with: bowlinectl agents import DIR. A package bowline-agent works too: bowline-agent enroll URL GROUP"
  is_program "$work/meshagent" || die 'the agent that came is not a program'
  chmod 0755 "$work/meshagent"
}

install_mesh_agent() {
  fetch_mesh_agent
  cp "$work/settings.msh" "$work/meshagent.msh"
  (cd "$work" && ./meshagent -fullinstall --copy-msh=1)
  say 'MeshAgent is installed and running.'
}

uninstall_all() {
  if [ -x "$PREFIX/current/bin/bowline-agent" ]; then
    "$PREFIX/current/bin/bowline-agent" -fulluninstall >/dev/null || die 'the agent was not removed'
    say 'The Bowline agent is removed.'
    return
  fi
  fetch_mesh_agent
  (cd "$work" && ./meshagent -fulluninstall)
  say 'MeshAgent is removed.'
}

action=install
case ${1-} in
  uninstall)
    action=uninstall
    shift
    ;;
esac
[ $# -eq 2 ] || usage
url=${1%/}
group=${2#mesh//}
case $url in https://?*) ;; *) die "expected an address that begins with https://, found \"$url\"" ;; esac
[ ${#group} -eq 64 ] || die "expected a group id of 64 characters, found ${#group}"
case $group in *[!A-Za-z0-9@\$]*) die 'the group id has characters that no id has' ;; esac
[ "$(id -u)" -eq 0 ] || die 'run this as root, for example with sudo'

umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
ca=
case $BOWLINE_ROOT in
  -----BEGIN*)
    ca=$work/root.pem
    printf '%s\n' "$BOWLINE_ROOT" >"$ca"
    ;;
esac

if [ "$action" = uninstall ]; then
  uninstall_all
  exit 0
fi
fetch "$url/meshsettings?id=$(encode "$group")" "$work/settings.msh" || die "the server does not know this group, or cannot be reached"
for key in '^MeshServer=wss://' '^ServerID='; do
  grep -q "$key" "$work/settings.msh" || die 'what the server sent are not settings of an agent'
done
install_bowline_agent || install_mesh_agent
