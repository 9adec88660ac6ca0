# shellcheck shell=bash
# shellcheck disable=SC2016,SC2034  # texts of programs that others run; values that lib.sh uses
# Attacks by the places where things lie: keys, folders that nodes do not have, file systems that lack something.

# Nodes that have the storage under another path, or not at all, as sbatch makes it: what it is told, or where it
# is with all links resolved. A job whose directory they do not have gets an output that cannot be opened.
NODES='work=$(pwd -P)
for word in "$@"; do case $word in --version) exec "$REAL" "$@" ;; --chdir=*) work=${word#*=} ;; esac; done
echo "$work" >>"$A/marks/work"
case $work in
"$A"/net/*) exec "$REAL" "$@" ;;
*) exec "$REAL" --output="$A/marks/none/job.log" "$@" ;;
esac'

# the nodes have the storage under the configured path only; the front end has it as a link
attack_physical_path() {
  program sbatch <<<"$NODES"
  mkdir "$A/phys" "$A/net"; chown rl-lab: "$A/phys"
  ln -s "$A/phys" "$A/net/work"
  WORK=$A/net/work site slurm ATTACK=none
  run_sprint 'an idea' || return 1
  ticks_until_over 120
  if [[ $(show status) == completed ]]; then right "$(how), started in $(tail -n 1 "$A/marks/work" | sed "s,$A,,; s,/s/.*,,")"
  else wrong "$(how) of a job in $(tail -n 1 "$A/marks/work" | sed "s,$A,,; s,/s/.*,,"): $(show hint | cut -c1-60)"; fi
}

# a working_dir that no node has
attack_front_end_only() {
  program sbatch <<<"$NODES"
  site slurm ATTACK=none
  run_sprint 'an idea' || return 1
  ticks_until_over 150
  if grep -q 'shared with the nodes' <<<"$(show hint)"; then right "$(how): $(show hint | cut -c1-60)"; else wrong "$(how): $(show hint | cut -c1-60)"; fi
}

# a file system without symbolic links
attack_no_links() {
  program ln <<<'echo "ln: failed to create symbolic link: Function not implemented" >&2; exit 1'
  site slurm ATTACK=none
  local checked=0
  rl cluster check >>"$A/log" 2>&1 || checked=$?
  run_sprint 'an idea' || return 1
  tick; tick
  if [[ $(show status) == failed && $(show reason) == submit_failed && $checked == 1 ]] && grep -q 'symbolic link' <<<"$(show error)"; then right "$(how); cluster check: $checked"
  else wrong "$(how); cluster check: $checked; $(show note | cut -c1-80)"; fi
}

# a folder for the database where file locks fail, in four ways
attack_no_locks() {
  command -v cc >/dev/null || { wrong 'there is no C compiler to try it'; return; }
  cc -o "$A/bin/nolock" "$ROOT/repo/tests/harness/nolock.c" && chmod 755 "$A/bin/nolock" || return 1
  site local ATTACK=none
  local errno said seen=() bad=0
  for errno in 38 37 95; do
    said=$(as rl-lab "$A/bin/nolock" "$errno" "$BIN" sprint list 2>&1)
    seen+=("$errno: $(head -n 1 <<<"${said//$A/}" | cut -c1-90)")
    if ! grep -q locks <<<"$said" || ! grep -q db_path <<<"$said"; then bad=1; fi
  done
  if (( bad )); then wrong "$(IFS=';'; echo "${seen[*]}")"; else right "$(IFS=';'; echo "${seen[*]}")"; fi
}
