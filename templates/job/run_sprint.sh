#!/bin/bash
#%DIRECTIVES%
# Sprint %SPRINT%, made by researchloop %VERSION%. It is self-contained: it can be submitted by hand.
readonly rl_sprint=%SPRINT% rl_attempt=%ATTEMPT%
readonly rl_dir=%DIR%
rl_runner=%RUNNER%
umask 077
# A signal that comes before the runner is there is kept for it, so that its end is recorded.
rl_pid='' rl_signal=''
rl_catch() {
  local name
  for name in TERM INT HUP USR1 USR2 XCPU; do
    # shellcheck disable=SC2064
    trap "rl_signal=$name; [ -z \"\$rl_pid\" ] || kill -$name \"\$rl_pid\" 2>/dev/null" "$name"
  done
}
rl_catch
#%OURS%
cd "$rl_dir" && cd "$(pwd -P)" || exit 1
# What lies here decides what is run: nobody else may write it.
for rl_part in . ./.researchloop; do
  [ -e "$rl_part" ] || continue
  [ ! -O "$rl_part" ] || chmod go-w "$rl_part" 2>/dev/null
  rl_ours "$rl_part" "$rl_dir/$rl_part" || { echo "the job does not run: $rl_bad"; exit 74; }
done
readonly rl_here=$PWD
mkdir -p .researchloop && chmod 700 .researchloop || exit 1
readonly rl_job=%JOB_ID%
rl_temporary=$(printf 'rl-%04x%04x' "$RANDOM" "$RANDOM")
readonly rl_temporary

# When a process began, in clock ticks since the machine did. Its name may hold anything.
rl_began_of() {
  local stat
  { IFS= read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
  # shellcheck disable=SC2086
  set -- ${stat##*) }
  [ "$1" != Z ] && [ "$1" != X ] && printf '%s\n' "${20}"
}
rl_began=$(rl_began_of $$)
readonly rl_began

# exit.json tells of a runner that could not tell of its end itself (statuses other than 0 and 1).
rl_ended() { # reason, status
  local left=0 try environ pid began
  for try in 1 2 3 4 5; do
    left=0
    # shellcheck disable=SC2013
    for environ in $(grep -lzxF "RESEARCHLOOP_JOB=$rl_sprint.$rl_job" /proc/[0-9]*/environ 2>/dev/null); do
      pid=${environ#/proc/} && kill -KILL "${pid%/environ}" 2>/dev/null
      left=$((left + 1))
    done
    # What the profile has started may hide its environment.
    while read -r pid began; do
      case $pid$began in '' | *[!0-9]*) continue ;; esac
      if [ "$began" -ge "$rl_began" ] && [ "$(rl_began_of "$pid")" = "$began" ]; then
        kill -KILL "$pid" 2>/dev/null
        left=$((left + 1))
      fi
    done < <(cat .researchloop/started 2>/dev/null)
    [ "$left" = 0 ] && break
    [ "$try" = 5 ] || sleep 0.3
  done
  mkdir -p .researchloop
  for pid in "/tmp/$rl_temporary" "${TMPDIR:-/tmp}/$rl_temporary" ".researchloop/$rl_temporary"; do
    [ ! -d "$pid" ] || [ -L "$pid" ] || chmod -R u+rwX "$pid" 2>/dev/null
    rm -rf "$pid"
  done
  rm -rf .researchloop/reserve .researchloop/exit.tmp .researchloop/started
  printf '{"v":1,"reason":"%s","status":%d,"job_id":"%s","host":"%s","time":%d,"processes_left":%d}\n' \
    "$1" "$2" "$rl_job" "$(uname -n)" "$(date +%s)" "$left" >.researchloop/exit.tmp && mv -f .researchloop/exit.tmp .researchloop/exit.json
}

# One job for each submission. If the scheduler was given it twice, the second one ends here.
readonly rl_claim=.researchloop/claim-$rl_attempt
if ! ln -s "$rl_job" "$rl_claim" 2>/dev/null && [ "$(readlink "$rl_claim")" != "$rl_job" ]; then
  if [ ! -L "$rl_claim" ]; then
    echo "job $rl_job: cannot write in $rl_dir"
    rl_ended runner_killed 74
    exit 74
  fi
  case $(readlink "$rl_claim") in
    cancelled) echo "job $rl_job: sprint $rl_sprint was cancelled before it ran" ;;
    *) echo "job $rl_job: sprint $rl_sprint belongs to job $(readlink "$rl_claim"); remove $rl_dir/$rl_claim to run it again" ;;
  esac
  exit 0
fi
rm -f .researchloop/exit.json

export PATH="$PATH:/usr/local/bin:/usr/bin:/bin"
export RESEARCHLOOP_JOB_ID="$rl_job" RESEARCHLOOP_TMP="$rl_temporary"

rm -rf .researchloop/bundle.tmp
base64 -d >.researchloop/bundle.tmp <<'RESEARCHLOOP_BUNDLE' && mv -f .researchloop/bundle.tmp .researchloop/bundle.json
%BUNDLE%
RESEARCHLOOP_BUNDLE

# The runner reads the user's profile. Where it did not come along, only the profile may know where one is.
rl_installed_one() {
  rl_runner=$("$1"; PATH=$HOME/.local/bin:$PATH; command -v researchloop)
  rl_said=$(rl_unfit "$rl_runner") || { [ "$rl_said" = absent ] || echo "$rl_runner is not used: $rl_said"; return 1; }
  case $(rl_enter "$rl_runner" && "./${rl_runner##*/}" --version 2>/dev/null) in "researchloop %VERSION%"*) ;; *) return 1 ;; esac
}
# shellcheck disable=SC2317
rl_profile() {
  export RESEARCHLOOP_JOB="$rl_sprint.$rl_job"
  local name
  for name in ~/.bashrc ~/.profile; do
    # shellcheck disable=SC1090
    if [ -f "$name" ]; then . "$name" >/dev/null 2>&1 </dev/null; break; fi
  done
}
if ! rl_said=$(rl_unfit "$rl_runner" 1); then
  [ "$rl_said" = absent ] || echo "$rl_runner is not used: $rl_said"
  if ! rl_installed_one : && ! rl_installed_one rl_profile; then
    rl_ended runner_missing 127
    exit 127
  fi
fi
if [ ! -x "$rl_runner" ]; then
  rl_ended noexec 126
  exit 126
fi
# What came so far, the runner is told at its start. In Grid Engine USR1 is a warning: it must not end
# a runner that does not catch it yet.
readonly rl_told=$rl_signal
export RESEARCHLOOP_SIGNAL="$rl_told"
trap '' USR1
(rl_enter "$rl_runner" && exec "./${rl_runner##*/}" job-run "$rl_here") </dev/null &
rl_pid=$!
rl_catch
[ "$rl_signal" = "$rl_told" ] || kill -"$rl_signal" "$rl_pid" 2>/dev/null
# A signal ends `wait` early, so it is repeated until the runner is gone.
while kill -0 "$rl_pid" 2>/dev/null; do wait "$rl_pid"; done
wait "$rl_pid"
rl_status=$?
case $rl_status in
  0 | 1) ;;
  126) rl_ended noexec "$rl_status" ;;
  *) rl_ended runner_killed "$rl_status" ;;
esac
exit "$rl_status"
