#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Joins the parts of the runtime into one function: join.sh PART...
set -eu
echo '(function (native) {'
cat "$@"
echo '})'
