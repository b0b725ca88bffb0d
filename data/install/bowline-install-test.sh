#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The install script with stand-ins for everything that would change the machine: what it asks for, and what it refuses.
set -eu
script=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
group=$(printf 'a%.0s' $(seq 62))'@$'
n=0

ok() {
  n=$((n + 1))
  echo "ok $n - $1"
}
fail() {
  n=$((n + 1))
  echo "not ok $n - $1"
  sed 's/^/# /' "$work/out"
  exit 1
}
refuses() { # NAME STATUS TEXT ARGS...
  name=$1 status=$2 text=$3
  shift 3
  code=0
  PATH="$work/bin:$PATH" sh "$script" "$@" >"$work/out" 2>&1 || code=$?
  if [ "$code" -ne "$status" ] || ! grep -q -- "$text" "$work/out"; then fail "$name"; fi
  ok "$name"
}

mkdir "$work/bin"
cat >"$work/bin/id" <<'SH'
#!/bin/sh
echo 0
SH
cat >"$work/bin/uname" <<'SH'
#!/bin/sh
[ "$1" = -s ] && echo Linux || echo aarch64
SH
# The server: settings for one group, and a program for one number.
cat >"$work/bin/curl" <<SH
#!/bin/sh
echo "\$@" >>"$work/asked"
while [ \$# -gt 2 ]; do [ "\$1" = --output ] && file=\$2; [ "\$1" = -- ] && url=\$2; shift; done
url=\${2}
case \$url in
  *meshsettings*aa%40%24) printf 'MeshServer=wss://x/agent.ashx\r\nServerID=00\r\n' >"\$file" ;;
  *meshagents?id=26) printf '\177ELF' >"\$file"; printf '\n' >>"\$file" ;;
  *) exit 22 ;;
esac
SH
chmod +x "$work"/bin/*

sh -n "$script"
ok 'it is a shell script'
refuses 'no arguments' 2 'usage:'
refuses 'plain HTTP' 1 'https://' http://server.example.org "$group"
refuses 'a short id' 1 '64 characters' https://server.example.org abc
refuses 'a strange id' 1 'characters that no id has' https://server.example.org "$(printf 'a%.0s' $(seq 63));"
refuses 'an unknown group' 1 'does not know this group' https://server.example.org "$(printf 'b%.0s' $(seq 64))"

# Our own agent is asked for first where systemd runs; the program that comes is not one that can be started here.
code=0
PATH="$work/bin:$PATH" sh "$script" https://server.example.org/ "mesh//$group" >"$work/out" 2>&1 || code=$?
[ "$code" -ne 0 ] || fail 'a program that does not start is not a success'
ok 'a program that does not start is not a success'
grep -q 'https://server.example.org/meshsettings?id=a.*%40%24' "$work/asked" || fail 'settings'
grep -q 'https://server.example.org/meshagents?id=26' "$work/asked" || fail 'program'
grep -q -- '--proto =https' "$work/asked" || fail 'HTTPS only'
if grep -q -- '-k\|--insecure' "$work/asked"; then fail 'the certificate is checked'; fi
ok 'what it asks for'
echo "1..$n"
