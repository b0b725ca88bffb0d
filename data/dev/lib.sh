# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What ./run and ./test share: packages, build, the local agent.

bl_die() {
  printf 'bowline: %s\n' "$1" >&2
  exit "${2:-1}"
}

# Debian packages by purpose: to build, and what the tests add.
bl_packages_build=(gcc libc6-dev meson ninja-build pkg-config gettext libglib2.0-dev libsoup-3.0-dev libgnutls28-dev libssl-dev
  libsqlite3-dev libsodium-dev libsystemd-dev libseccomp-dev duktape-dev zlib1g-dev libarchive-dev nodejs npm brotli ca-certificates
  libxcb1-dev libxcb-shm0-dev libxcb-damage0-dev libxcb-xfixes0-dev libxcb-randr0-dev libxcb-xtest0-dev
  libxcb-xinput-dev libxkbcommon-dev libturbojpeg0-dev libwebp-dev libpixman-1-dev libgtk-4-dev)
bl_packages_test=(g++ clang-14 libclang-rt-14-dev llvm-14 libasan8 libubsan1 valgrind abigail-tools chromium openssl curl
  shellcheck iproute2 python3 git xz-utils dbus python3-gi xvfb xterm x11-xserver-utils xclip xdotool openbox adwaita-icon-theme xinput libjpeg-turbo-progs nginx-light
  python3-websockets xfce4-panel tinyproxy-bin x11vnc)

# bl_private_dir DIR: makes a directory that only its owner may enter; an existing one keeps its mode.
bl_private_dir() {
  [ -d "$1" ] || { mkdir -p "$1" && chmod 0700 "$1"; }
}

bl_as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# bl_install build|test: installs what is missing, and asks no registry when nothing is.
bl_install() {
  local wanted=("${bl_packages_build[@]}") missing=() p
  [ "$1" != test ] || wanted+=("${bl_packages_test[@]}")
  # A Node.js that did not come from Debian serves as well.
  local has_node=
  if command -v node >/dev/null && command -v npm >/dev/null; then has_node=1; fi
  local installed
  installed=" $(dpkg-query -W -f '${db:Status-Status} ${Package}\n' 2>/dev/null | sed -n 's/^installed //p' | tr '\n' ' ') "
  for p in "${wanted[@]}"; do
    if [ -n "$has_node" ] && { [ "$p" = nodejs ] || [ "$p" = npm ]; }; then continue; fi
    case $installed in *" $p "*) ;; *) missing+=("$p") ;; esac
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  printf 'installing: %s\n' "${missing[*]}"
  bl_as_root apt-get update -q
  bl_as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
}

# bl_build SOURCE BUILD [MESON-OPTIONS...]: configures once, then builds; quiet when nothing is to do.
bl_build() {
  local source=$1 build=$2 log
  shift 2
  umask 022 # a module that others may write is not loaded
  if [ ! -f "$build/build.ninja" ]; then
    meson setup "$build" "$source" "$@"
  fi
  log=$(mktemp)
  if ! ninja -C "$build" >"$log" 2>&1; then
    cat "$log"
    rm -f "$log"
    bl_die 'the build failed; see above'
  fi
  rm -f "$log"
  bl_link_programs "$build"
}

# bl_link_programs BUILD: what was built, by name, in BUILD/bin.
bl_link_programs() {
  local program
  mkdir -p "$1/bin"
  for program in core/bowlined core/bowlinectl core/meshcentral agent/bowline-agent agent/script/bowline-script-host agent/tray/bowline-tray; do
    [ ! -x "$1/$program" ] || ln -sfn "../$program" "$1/bin/${program##*/}"
  done
}

# bl_local_agent SOURCE DATA-DIR: makes the settings of the agent that ./run starts beside the server.
bl_local_agent() {
  local ctl="$1/build/bin/bowlinectl" data=$2 dir="$2/local-agent" group='This machine'
  [ -x "$1/build/bin/bowline-agent" ] || return 1
  bl_private_dir "$dir"
  "$ctl" --data-dir "$data" group settings "$group" >/dev/null 2>&1 ||
    "$ctl" --data-dir "$data" group create "$group" >/dev/null || return 1
  "$ctl" --data-dir "$data" group settings "$group" >"$dir/.msh" || return 1
  mv "$dir/.msh" "$dir/bowline-agent.msh"
}

# bl_test_node SOURCE: the npm packages that only tests use, into build/test-node.
bl_test_node() {
  local source="$1/tests/node" target="$1/build/test-node"
  if [ -f "$target/.done" ] && cmp -s "$source/package-lock.json" "$target/.done"; then return 0; fi
  mkdir -p "$target"
  cp "$source/package.json" "$source/package-lock.json" "$target/"
  (cd "$target" && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error)
  cp "$source/package-lock.json" "$target/.done"
}
