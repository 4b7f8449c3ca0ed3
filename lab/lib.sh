# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2016
#
# What the laboratory's shell scripts share: paths, messages, exit statuses, git.

# With -e, a failure within $(...) ends the subshell, too.
shopt -s inherit_errexit
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
lab=$top/lab
# The paths are absolute, because scripts change their directory and call each other.
build=$(realpath -m -- "${BUILD:-$top/build}")
XDG_CACHE_HOME=$(realpath -m -- "${XDG_CACHE_HOME:-$HOME/.cache}")
cache=$XDG_CACHE_HOME/kvm-guest-compat
export BUILD=$build XDG_CACHE_HOME
[ -z "${KSRC:-}" ] || KSRC=$(realpath -m -- "$KSRC")

# The exit statuses of the laboratory itself. Scripts pass on the status of a program. A
# message on stderr shows that a status is the laboratory's.
LAB_SPLAT=123		# the kernel complained on its console
LAB_LIMIT=124		# ended by the time limit
LAB_FAILED=125		# the laboratory failed, the program did not

say()  { printf '%s\n' "$*" >&2; }
die()  { say "$(basename "$0"): $*"; exit "$LAB_FAILED"; }

# Makes a directory for temporary files and puts its path into the variable named $1. The
# script's EXIT trap removes the directory. If a signal ends the script meanwhile, bash waits
# for mkdir, because there is a trap for the signal. Without it, mkdir could make the directory
# after the EXIT trap. The variable has the path before the directory exists, so a signal that
# ends mkdir, too, leaves nothing.
new_tmp()
{
	local -n new_tmp_path=$1
	local traps

	traps=$(trap -p TERM INT HUP)
	trap 'exit 143' TERM INT HUP
	new_tmp_path=$(mktemp -d -u)
	mkdir -m 700 "$new_tmp_path"
	trap - TERM INT HUP
	eval "$traps"
}

# The base kernels of lab/kernels, and the one to work on. Outputs for a base other than
# the first have its name: linux-6.12, Image-6.12.
LAB_BASES=''
while read -r name _; do
	case $name in base-*) LAB_BASES+="${LAB_BASES:+ }${name#base-}" ;; esac
done < "$lab/kernels"
BASE=${BASE:-${LAB_BASES%% *}}
case " $LAB_BASES " in
*" $BASE "*)	;;
*)		die "there is no base '$BASE': lab/kernels has $LAB_BASES" ;;
esac
export BASE LAB_BASES
of_base() { [ "$1" = "${LAB_BASES%% *}" ] || printf '%s' "-$1"; }
linux=$build/linux$(of_base "$BASE")
# Outputs for lab/kernel-$KCONFIG.config have its name, too.
of_config=${KCONFIG:+-$KCONFIG}
need() { command -v "$1" >/dev/null || die "$1 is not there: run 'make deps'"; }

# Runs git without the user's configuration: settings such as diff.noprefix, color.ui,
# line ends, signatures and hooks must not change patches, and a hook that runs 'make'
# must not pass on its repository. The user's name, ignored files and trusted
# repositories stay.
git_as_it_comes()
{
	local keys='^((user|author|committer)\.(name|email)|core\.excludesfile|safe\.directory)$' entry n=0 status=0 local_vars

	# git's status is the last entry, because 'wait' does not always know the status of
	# a process substitution that has ended.
	# shellcheck disable=SC2312 # the last entry has the status
	while IFS= read -r -d '' entry; do
		case $entry in
		status=*)	break ;;
		esac
		export "GIT_CONFIG_KEY_$n=${entry%%$'\n'*}" "GIT_CONFIG_VALUE_$n=${entry#*$'\n'}"
		n=$((n + 1))
	done < <(unset GIT_DIR GIT_COMMON_DIR GIT_WORK_TREE
		 git -C "$top" config -z --get-regexp "$keys" || status=$?
		 printf 'status=%s\0' "$status")
	# Status 1: the configuration has none of the keys.
	case ${entry-} in
	status=[01])	;;
	*)		die "git cannot read its configuration" ;;
	esac
	export "GIT_CONFIG_KEY_$n=core.attributesFile" "GIT_CONFIG_VALUE_$n=/dev/null"
	local_vars=$(git rev-parse --local-env-vars)
	# shellcheck disable=SC2086
	unset $local_vars GIT_EXTERNAL_DIFF GIT_DIFF_OPTS GIT_TEMPLATE_DIR
	export GIT_CONFIG_COUNT=$((n + 1)) GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_ATTR_NOSYSTEM=1
}
# A script that another one of these called inherits this.
[ "${GIT_CONFIG_GLOBAL:-}" = /dev/null ] || ! command -v git > /dev/null || git_as_it_comes
# git must not treat a directory of BUILD as a part of the repository around BUILD.
export GIT_CEILING_DIRECTORIES=$build

# BUILD belongs to the laboratory if it was empty before. build/ always does.
build_is_ours() { [ "$build" = "$top/build" ] || [ -e "$build/.lab-build" ]; }
build_dir()
{
	local held=''

	[ ! -e "$build" ] || held=$(ls -A "$build")
	# shellcheck disable=SC2310 # it only makes tests
	build_is_ours || [ -z "$held" ] ||
		die "BUILD=$build has files that the laboratory did not make: name a new or an empty directory" \
		    "(if an earlier version of the laboratory made it: touch $build/.lab-build)"
	mkdir -p "$build"
	: > "$build/.lab-build"
}

# Empties or makes a directory for results. Fails if it has files and is not the
# laboratory's, so that nothing of the user's is removed.
fresh_dir()	# DIR
{
	local dir held=''

	dir=$(realpath -m -- "$1")
	[ ! -e "$dir" ] || held=$(ls -A "$dir")
	[ -e "$dir/.lab" ] || [ -z "$held" ] ||
		die "$1 has files that the laboratory did not make: name another directory, or empty it"
	mkdir -p "$dir"
	: > "$dir/.lab"
	find "$dir" -mindepth 1 -maxdepth 1 -not -name .lab -exec rm -rf {} +
}

# A checkout of COMMIT was interrupted in TREE. Returns success if each changed file has
# the content of COMMIT, so that the checkout can continue without losing an edit.
on_its_way()	# TREE COMMIT
{
	git -C "$1" update-index -q --refresh > /dev/null || true
	git -C "$1" diff-index -z --name-only --no-renames --diff-filter=d HEAD |
		xargs -0 -r git -C "$1" diff --no-ext-diff --quiet "$2" --
}

# Makes DIR a worktree of $linux, at COMMIT. If DIR is a worktree of another repository,
# it has the files of another base, and is replaced.
worktree()	# DIR COMMIT
{
	local repository

	repository=$(git -C "$1" rev-parse --path-format=absolute --git-common-dir 2>/dev/null) || repository=''
	if [ -e "$1" ] && [ "$repository" != "$linux/.git" ]; then
		# shellcheck disable=SC2310 # it only makes tests
		[ -f "$1/.git" ] && build_is_ours || die "$1 is no worktree of $linux: move it away"
		say "$1 is of another base: replacing it"
		rm -rf "$1"
	fi
	if [ ! -e "$1" ]; then
		git -C "$linux" worktree prune
		git -C "$linux" worktree add -q --detach "$1" "$2"
	else
		# shellcheck disable=SC2310 # a failure in it means no
		on_its_way "$1" "$2" ||
			die "$1 has changes that are in no commit: 'git -C $1 stash' keeps them, 'git -C $1 checkout -f' drops them"
		git -C "$1" checkout -q -f --detach "$2"
	fi
}

# All callers share the lock, so that only one kernel build runs at a time.
locked()
{
	mkdir -p "$cache"
	flock "$cache/build.lock" "$@"
}

### programs with their libraries

# Finds a program or a library below ROOT, by its name and find's -type.
binary()		# ROOT NAME TYPE
{
	find "$1" \( -path "$1*/bin/*" -o -path "$1*/sbin/*" -o -path "$1*/lib/*" \) -name "$2" -type "$3" -print -quit
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
		[ -n "$file" ] || die "$2 needs $name, but no fetched package has it"
		cp "$file" "$3/$name"
		libraries=$(needed "$3/$name")
		for name in $libraries; do todo+=("$name"); done
	done
}

### Debian's sources, with the patches of vmm/

patches() { sed "/^#/d; s,^,$top/vmm/$1/," "$top/vmm/$1/series"; }	# PACKAGE

# Unpacks a source package, and applies Debian's own patches, which it may need to build.
debian_source()	# DIR SUITES PACKAGE VERSION
{
	local source there series patch

	source=$("$lab/fetch" source "$2" "$3" "$4")
	there=$(cat "$source/version")
	[ "$there" = "$4" ] || die "the mirror has no source package of $3 $4"
	rm -rf "$1"
	mkdir -p "$1"
	tar xf "$source"/*.orig.tar.* -C "$1" --strip-components 1 --no-same-owner
	tar xf "$source"/*.debian.tar.* -C "$1" --no-same-owner
	series=$(awk '!/^#/ && NF { print $1 }' "$1/debian/patches/series")
	for patch in $series; do
		patch -s -p1 -d "$1" < "$1/debian/patches/$patch"
	done
}

patched_source()	# DIR SUITES PACKAGE VERSION
{
	local series patch

	debian_source "$@"
	series=$(patches "$3")
	for patch in $series; do
		patch -s -p1 -d "$1" < "$patch" || die "$patch does not apply to $3 $4"
	done
}

# As patched_source, but makes a git tree with the patches as commits.
patched_tree()		# DIR SUITES PACKAGE VERSION
{
	mkdir -p "$1"
	rmdir "$1" 2> /dev/null || die "$1 exists, and is not empty"
	debian_source "$@"
	git -C "$1" init -q
	git -C "$1" add -f -A
	git -C "$1" -c user.name=base -c user.email=base@localhost commit -q -m "$3 $4, as Debian ships it"
	# Commit as the user, or as nobody if git has no identity.
	git -C "$1" var GIT_COMMITTER_IDENT > /dev/null 2>&1 ||
		export GIT_COMMITTER_NAME=nobody GIT_COMMITTER_EMAIL=nobody@localhost
	patches "$3" | xargs git -C "$1" am -q
}
