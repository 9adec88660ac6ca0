# shellcheck shell=bash
# shellcheck disable=SC2016,SC2034  # texts of programs that others run; values that lib.sh uses
# Files as models write them. The comment above an attack is what is shown of it.

# A sprint without reviews has three calls: research, report, summarize; what is asked for again is the fourth.
after() { # NUMBER COMMANDS...: what the agent does after its Nth call
  printf 'if [ "$1" = %s ]; then\n%s\nfi\n' "$1" "$2" >>"$A/marks/deed"
  chmod 644 "$A/marks/deed"
}
study() { printf '%s\n' "$@" >>"$A/project/researchloop.toml"; }
outcome() { rl --json sprint show "$ID" | jq -c '[.sprint.status, .sprint.finding.verdict, (.sprint.metrics | map("\(.name)=\(.value)\(.unit)") | join(" "))]'; }

# one figure that is not finite, beside good ones, in the figures and in the finding
attack_nan_file() {
  site local ATTACK=deed
  after 3 'mkdir -p results; echo "{\"v\": 1, \"metrics\": [{\"name\": \"accuracy\", \"value\": 0.97}, {\"name\": \"consistency\", \"value\": NaN}]}" >results/metrics.json'
  after 3 'echo "{\"v\": 1, \"verdict\": \"supported\", \"statement\": \"It works.\", \"numbers\": {\"accuracy\": 0.97, \"p\": NaN}}" >finding.json'
  run_sprint 'an idea' && ticks_until_over 120 || return 1
  local seen; seen=$(outcome)
  if [[ $seen == '["completed","supported","accuracy=0.97"]' ]]; then right "$seen"; else wrong "$seen"; fi
}

# files with fences, other quotes, no version, numbers as texts, in Latin-1, and a plain table of figures
attack_spellings() {
  site local ATTACK=deed
  after 3 'mkdir -p results; printf "// final\n{accuracy: \"93.5%%\", \"loss\": 1e-3,}\n" >results/metrics.json'
  after 3 'printf "Here it is:\n\n\140\140\140json\n{\047verdict\047: \047Confirmed.\047, \047confidence\047: \04780%%\047, \047statement\047: \047gr\366\337er\047,}\n\140\140\140\n" >finding.json'
  run_sprint 'an idea' && ticks_until_over 120 || return 1
  local seen; seen=$(outcome)
  if [[ $seen == '["completed","supported","accuracy=93.5% loss=0.001"]' && $(show finding.statement) == größer ]]; then right "$seen"; else wrong "$seen"; fi
}

# a finding whose verdict could mean two things, said clearly when it is asked for again
attack_asked_again() {
  site local ATTACK=deed
  after 3 'echo "{\"v\": 1, \"verdict\": \"partially supported\", \"statement\": \"x\"}" >finding.json'
  after 4 'echo "{\"v\": 1, \"verdict\": \"refuted\", \"statement\": \"x\"}" >finding.json'
  run_sprint 'an idea' && ticks_until_over 120 || return 1
  local seen; seen="$(show status) $(show finding.verdict)"
  if [[ $seen == 'completed refuted' ]]; then right "$seen"; else wrong "$seen"; fi
}

# a verdict that stays unclear: what waits for either answer is not skipped, and a person is asked
attack_both_branches() {
  site local ATTACK=deed
  after 3 'echo "{\"v\": 1, \"verdict\": \"partially supported\", \"statement\": \"x\"}" >finding.json'
  after 4 'echo "{\"v\": 1, \"verdict\": \"partially supported\", \"statement\": \"x\"}" >finding.json'
  local first; first=$(rl task add 'does it help?' -s s)
  rl task add 'by how much?' -s s --needs "$first:supported" >>"$A/log" 2>&1
  rl task add 'why not?' -s s --needs "$first:refuted" >>"$A/log" 2>&1
  ID=$(rl --json sprint run --task "$first" --rounds 0 2>>"$A/log" | jq -r .sprint_id)
  ticks_until_over 120 || return 1
  local states messages
  states=$(rl --json task list -s s --all | jq -r '[.tasks[] | select(.idea != "does it help?") | .state] | join(" ")')
  messages=$(rl --json inbox | jq '.messages | length')
  if [[ $states == 'blocked blocked' && $messages == 1 ]]; then right "$states, $messages message"; else wrong "$states, $messages messages"; fi
}

# an evaluator that honestly prints nan
attack_eval_nan() {
  site local
  study 'metric = "val_loss"' 'metric_better = "lower"' 'evaluator = "echo epoch 3; echo nan"'
  run_sprint 'an idea' && ticks_until_over 120 || return 1
  local task; task=$(rl --json task list -s s --all | jq -r '.tasks[0] | "\(.state) \(.verdict) \(.failures)"')
  if [[ $(show status) == completed && $task == 'done inconclusive 0' ]]; then right "$(show status), task $task"; else wrong "$(show status) $(show reason), task $task"; fi
}

# a report that is a link, and a folder of results that is one
attack_links() {
  site local ATTACK=deed
  after 1 'mkdir -p scratch && rm -rf results && ln -s scratch results'
  after 2 'rm -f report.md && mkdir -p out && echo text >out/report.md && ln -s out/report.md report.md'
  run_sprint 'an idea' && ticks_until_over 120 || return 1
  local log; log=$(rl sprint log "$ID" | grep -o 'report.md is [a-z ]*' | sort -u | head -n 1)
  if [[ $log == 'report.md is a symbolic link' && $(show error) == *'report.md is a symbolic link'* ]]; then right "$log"; else wrong "${log:-nothing is said of a link}"; fi
}
