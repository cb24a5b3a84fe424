# shellcheck shell=bash
# The Debian packages that Ihuriro needs, in one place. Sourced by tests/run and conf/demo/run:
#
#   packages_install "${packages_build[@]}"

# To build and to run the programs.
# shellcheck disable=SC2034
packages_build=(
    build-essential cmake ninja-build pkg-config protobuf-c-compiler protobuf-compiler
    libprotobuf-c-dev libzmq3-dev liblmdb-dev libconfig-dev libsodium-dev nettle-dev
    libjansson-dev libcsv-dev unixodbc-dev libmicrohttpd-dev
)
# What the tests and lints use besides.
# shellcheck disable=SC2034
packages_test=(
    libcmocka-dev clang-format clang-tidy cppcheck shellcheck python3 python3-zmq python3-protobuf
    python3-nacl python3-lmdb jq mawk strace ccache valgrind
    clang llvm libclang-rt-dev faketime iproute2 nftables libseccomp-dev systemd
    postgresql odbc-postgresql mariadb-server-core mariadb-client-core odbc-mariadb
)

# Taken out of a package that would start a service if it were installed: file, package, path in it.
# shellcheck disable=SC2034
packages_taken=("promtool prometheus ./usr/bin/promtool")

# packages_take FOLDER: puts there what of packages_taken is not to be found yet. What cannot be had is said; its tests are
# skipped then.
packages_take() {
    local folder=$1 row file package path work
    for row in "${packages_taken[@]}"; do
        read -r file package path <<<"$row"
        if command -v "$file" >/dev/null || [ -x "$folder/$file" ]; then
            continue
        fi
        echo "Taking $file out of the package $package"
        work=$(mktemp -d)
        if mkdir -p "$folder" && (cd "$work" && packages_download "$package") &&
            dpkg-deb --fsys-tarfile "$work"/*.deb | tar -xO "$path" >"$work/$file" &&
            chmod 0755 "$work/$file" && mv "$work/$file" "$folder/$file"; then
            :
        else
            echo "$file could not be had; what needs it is not tested." >&2
        fi
        rm -rf "$work"
    done
}

# With lists of packages that may be out of date, or not there.
packages_download() {
    command -v apt-get >/dev/null || return 1
    apt-get -qq download "$1" >/dev/null 2>&1 && return 0
    local as_root=()
    [ "$(id -u)" -eq 0 ] || as_root=(sudo -n)
    "${as_root[@]}" apt-get -qq update </dev/null >/dev/null 2>&1
    apt-get -qq download "$1" >/dev/null 2>&1
}

# Prints which of the packages are not installed.
packages_missing() {
    local package state
    for package in "$@"; do
        # shellcheck disable=SC2016
        state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || state=none
        [ "$state" = installed ] || printf '%s\n' "$package"
    done
}

# Installs what is missing. Says what to do and returns 2 where it cannot.
packages_install() {
    local missing as_root=()
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        echo "This is no Debian or Ubuntu; nothing was installed. Needed are the equivalents of:" >&2
        echo "  $*" >&2
        return 0
    fi
    mapfile -t missing < <(packages_missing "$@")
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            packages_say_missing "${missing[@]}"
            return 2
        fi
        # Without a terminal nobody can type a password.
        if [ -t 0 ]; then as_root=(sudo); else as_root=(sudo -n); fi
    fi
    echo "Installing: ${missing[*]}"
    if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q update </dev/null ||
        ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a \
            apt-get -qy -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 install --no-install-recommends "${missing[@]}" </dev/null; then
        packages_say_missing "${missing[@]}"
        return 2
    fi
}

packages_say_missing() {
    echo "These packages are missing and could not be installed. As root, run:" >&2
    echo "  apt-get update && apt-get install $*" >&2
}
