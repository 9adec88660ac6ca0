# shellcheck shell=sh disable=SC3067
# What must hold before a program or a folder is used: it is ours, and nobody else may change it. Each
# function puts what is wrong into rl_bad.
rl_ours() { # PATH, and its name for people
  if [ -L "$1" ]; then rl_bad="not ours: $2 is a symbolic link"
  elif [ ! -e "$1" ]; then rl_bad=absent
  elif [ ! -O "$1" ]; then rl_bad="not ours: $2 belongs to somebody else"
  elif [ -n "$(find "$1" -prune \( -perm -020 -o -perm -002 \) 2>&1)" ]; then rl_bad="others may write to $2"
  else return 0; fi
  return 1
}
# Goes to the folder of a runner, when all that counts there is ours alone. What is checked and started
# from inside of the folder cannot be exchanged by somebody who may rename a folder above.
rl_enter() { # PATH of the runner; 1: its hash, too, which is its name
  rl_bad='it cannot be reached'
  case ${1%/*} in
  */.researchloop/bin) ;;
  *) rl_installed "$1" && cd "${1%/*}/" && return; return 1 ;;
  esac
  rl_own=${1%/bin/*} rl_name=./${1##*/}
  rl_ours "$rl_own" "$rl_own" && cd "$rl_own" && rl_ours . "$rl_own" \
    && rl_ours ./bin "$rl_own/bin" && cd ./bin && rl_ours . "$rl_own/bin" && rl_ours "$rl_name" "$1" || return 1
  if [ ! -f "$rl_name" ]; then rl_bad="not ours: $1 is no file"; return 1; fi
  [ "$2" != 1 ] || [ "$(rl_sum "$rl_name")" = "${rl_name#./}" ] || { rl_bad="$1 is damaged"; return 1; }
}
# A program that was installed for all: of root or of us.
rl_installed() {
  case $1 in /*) ;; *) rl_bad=absent; return 1 ;; esac
  rl_real=$(readlink -f "$1" 2>/dev/null)
  for rl_part in "${1%/*}/" "${rl_real%/*}/" "${rl_real:-$1}"; do
    [ -n "$(find -H "$rl_part" -prune \( -user 0 -o -user "$(id -u)" \) ! -perm -020 ! -perm -002 2>/dev/null)" ] && continue
    rl_bad="not ours: others than you and root own $rl_part or may write to it"
    return 1
  done
}
# OpenSSL first: it knows the processor's own instructions, and takes a third of the time for it.
rl_sum() { # FILE
  for rl_tool in 'openssl dgst -sha256 -r' sha256sum 'shasum -a 256'; do
    # shellcheck disable=SC2086
    rl_said=$($rl_tool "$1" 2>/dev/null)
    rl_said=${rl_said%% *}
    # Whatever else it says is no sum, and another program is asked.
    case ${#rl_said}$rl_said in 64*[!0-9a-f]*) ;; 64*) break ;; esac
  done
  printf '%s\n' "$rl_said"
}
# Prints what is wrong with a runner.
rl_unfit() { (rl_enter "$1" "$2" >/dev/null || { printf '%s\n' "$rl_bad"; exit 1; }) }
