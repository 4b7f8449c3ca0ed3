# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2016
#
# What the laboratory's scripts share: where things are, and how they speak.

# With -e, what fails in $(...) ends that, too
shopt -s inherit_errexit
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
lab=$top/lab
build=${BUILD:-$top/build}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/kvm-guest-compat

# The exit statuses of the laboratory itself. A program's own status is passed
# on as it is; a message on stderr tells the two apart.
LAB_SPLAT=123		# the kernel complained on its console
LAB_LIMIT=124		# ended by the time limit
LAB_FAILED=125		# the laboratory failed, the program did not

say()  { printf '%s\n' "$*" >&2; }
die()  { say "$(basename "$0"): $*"; exit "$LAB_FAILED"; }
need() { command -v "$1" >/dev/null || die "$1 is not there: run 'make deps'"; }

# Makes a directory for results anew. What lies in one that is not ours is nobody's
# to remove but its owner's.
fresh_dir()	# DIR
{
	case $(realpath -m "$1") in
	"$build"/*)	;;
	*)	[ -e "$1/.lab" ] || [ -z "$(ls -A "$1" 2>/dev/null)" ] ||
			die "$1 has something in it that is not of the laboratory's making: name another directory, or empty it" ;;
	esac
	rm -rf "$1"
	mkdir -p "$1"
	: > "$1/.lab"
}

# One kernel build at a time, whoever asks: two do not fit two cores.
locked()
{
	mkdir -p "$cache"
	flock "$cache/build.lock" "$@"
}

### programs with their libraries

# A program or a library below ROOT; links in packages may be absolute.
binary()		# ROOT NAME TYPE
{
	find "$1" \( -path "$1*/bin/*" -o -path "$1*/lib/*" \) -name "$2" -type "$3" -print -quit
}

needed() { readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'; }
with_libraries()	# ROOT PROGRAM TO
{
	local todo=("$2") name file link libraries

	while [ ${#todo[@]} -gt 0 ]; do
		name=${todo[0]}
		todo=("${todo[@]:1}")
		[ ! -e "$3/$name" ] || continue
		file=$(binary "$1" "$name" f)
		if [ -z "$file" ]; then
			link=$(binary "$1" "$name" l)
			[ -z "$link" ] || link=$(readlink "$link")
			file=$(binary "$1" "${link##*/}" f)
		fi
		[ -n "$file" ] || die "$2 needs $name, which no package brought"
		cp "$file" "$3/$name"
		libraries=$(needed "$3/$name")
		for name in $libraries; do todo+=("$name"); done
	done
}
