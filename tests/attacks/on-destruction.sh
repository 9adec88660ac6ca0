# shellcheck shell=bash
# shellcheck disable=SC2016,SC2034  # texts of programs that others run; values that lib.sh uses
# Agents that destroy or replace what is around them. The comment above an attack is what is shown of it.

habit() { # NAME NUMBER COMMANDS: a sprint whose agent does that after its Nth call; adds to seen and bad
  rm -f "$A/marks/calls" "$A/marks/deed"
  printf 'if [ "$1" = %s ]; then\n%s\nfi\n' "$2" "$3" >"$A/marks/deed"
  chmod 644 "$A/marks/deed"
  run_sprint "an idea and the habit $1" || { bad=1; return; }
  ticks_until_over 120
  seen+=("$1: $(how)")
  if [[ $(show status) != completed ]] || ! jq -e '.sprint.cost_usd >= 3' >/dev/null <<<"$(rl --json sprint show "$ID")"; then bad=1; fi
}

# an agent removes, replaces, locks or floods its files: the rest of the sprint and its money stay
attack_habits() {
  site local ATTACK=deed
  local seen=() bad=0
  habit own-folder 1 'rm -rf .researchloop'
  habit own-file 1 'rm -rf .researchloop; echo x >.researchloop'
  habit copied-back 1 'mv .researchloop .backup; cp -a .backup .researchloop'
  habit folders 1 'rm -f progress.md output.log; mkdir progress.md output.log; touch progress.md/x'
  habit git-clean 1 'git init -q . && git add -A findings.md && git -c user.name=a -c user.email=a@b.example commit -qm x && git clean -fdxq'
  habit flood 1 'mkdir -p results/many && cd results/many && seq 20000 | xargs touch'
  # what cannot be read is no report, and the screen says why
  local others=$bad
  habit modes 2 'chmod 000 report.md findings.md results'
  if [[ $(show status) == failed && $(show note) == *'report.md cannot be read'* ]]; then bad=$others; fi
  if (( bad )); then wrong "$(IFS=';'; echo "${seen[*]}")"; else right "$(IFS=';'; echo "${seen[*]}")"; fi
}
