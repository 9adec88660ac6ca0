# shellcheck shell=bash
# shellcheck disable=SC2016,SC2034  # texts of programs that others run; values that lib.sh uses
# What is known against a result is joined with it: a review, a unit, a name. See on-belief.sh.

# study LINE...: more keys of the study
study() { printf '%s\n' "$@" >>"$A/project/researchloop.toml"; }
# in_turn LOOP SECONDS: ticks until it has ended
in_turn() {
  local until=$((SECONDS + $2))
  until [[ $(rl --json loop show "$1" 2>>"$A/log" | jq -r .loop.status) != running ]]; do
    (( SECONDS < until )) || return 1
    tick; sleep 1
  done
}
loop_of() { rl --json loop list 2>>"$A/log" | jq -r '.loops[0].id // empty'; }
# deed: standard input is a script that each call of an agent ends with
deed() { cat >"$A/marks/deed"; }
# says VALUE UNIT [NAME]: that script, for a figure
says() { deed <<<"[ ! -d results ] || printf '{\"v\":1,\"metrics\":[{\"name\":\"${3:-acc}\",\"value\":%s,\"unit\":\"%s\",\"better\":\"higher\"}]}' \"$1\" \"$2\" >results/metrics.json"; }
# of_idea: the same, as the idea has it in brackets: [VALUE UNIT]
of_idea() { says '$(sed -n "s/.*\[\([0-9.]*\) .*/\1/p" idea.txt)' '$(sed -n "s/.*\[[0-9.]* \([^]]*\)\].*/\1/p" idea.txt)'; }
task() { rl task add "$1" -s s >>"$A/log" 2>&1; }

# each review says that the figure is leaked, nobody repairs it, and the last step claims success
attack_reviewed_away() {
  site local ATTACK=deed
  says 0.99 ''
  printf '%s\n' 'for review in red_team_round_*.md; do [ ! -f "$review" ] || printf "# Review\n\n## Critical issues\n\n1. Test rows are in the training set: the figure is leaked.\n" >"$review"; done' >>"$A/marks/deed"
  study 'metric = "acc"' 'metric_better = "higher"'
  task 'does it help at all?'
  rl loop start -s s -n 1 --rounds 2 --tasks-only --target 'acc>=0.95' >>"$A/log" 2>&1 || return 1
  local id; id=$(loop_of)
  in_turn "$id" 120 || return 1
  local why board shown
  why=$(rl --json loop show "$id" | jq -r .loop.reason)
  board=$(rl study leaderboard s --plain | grep -c '0.99 !')
  shown=$(rl sprint show "$(rl --json sprint list | jq -r '.sprints[0].id')" | grep -c 'critical issue is open')
  if [[ $why != target && $board == 1 && $shown == 1 ]]; then
    right "the loop ended by $why, the board and the sprint are marked"
  else
    wrong "the loop ended by $why; marks on the board: $board, at the sprint: $shown"
  fi
}

# one sprint tells a fraction, the next a percentage, each with its unit
attack_units() {
  site local ATTACK=deed
  of_idea
  study 'metric = "acc"' 'metric_better = "higher"'
  task 'a first one [0.93 fraction]'; task 'a second one, otherwise [91.2 %]'
  rl loop start -s s -n 2 --rounds 0 --tasks-only --target 'acc>=0.95' >>"$A/log" 2>&1 || return 1
  local id; id=$(loop_of)
  in_turn "$id" 120 || return 1
  local best why
  best=$(rl --json study leaderboard s | jq -r '.places[0].idea' | sed 's/.*\[//; s/\].*//')
  why=$(rl --json loop show "$id" | jq -r .loop.reason)
  if [[ $best == '0.93 fraction' && $why == count ]]; then right "$best is the best, the target is not reached"; else wrong "$best is the best, the loop ended by $why"; fi
}

# the same without a unit: nobody can say whether 91.2 is better than 0.93
attack_no_units() {
  site local ATTACK=deed
  of_idea
  study 'metric = "acc"' 'metric_better = "higher"'
  task 'a first one [0.93 ]'; task 'a second one, otherwise [91.2 ]'
  rl loop start -s s -n 2 --rounds 0 --tasks-only --target 'acc>=0.95' >>"$A/log" 2>&1 || return 1
  local id; id=$(loop_of)
  in_turn "$id" 120 || return 1
  local why said
  why=$(rl --json loop show "$id" | jq -r .loop.reason)
  said=$(rl study leaderboard s | grep -c 'is not compared')
  if [[ $why == count && $said == 1 ]]; then right 'one is set apart, and reaches no target'; else wrong "the loop ended by $why; said on the board: $said"; fi
}

# a target whose name has a slip, and one that points the wrong way
attack_slip() {
  site local ATTACK=deed
  says 0.97 '' accuracy
  study 'metric = "accuracy"' 'metric_better = "higher"'
  task 'the first question'; task 'another one, quite different'
  local first second code=0 note
  first=$(rl loop start -s s -n 2 --rounds 0 --tasks-only --target 'acuracy>=0.95' 2>&1 | tee -a "$A/log" | grep -c 'did you mean accuracy')
  local id; id=$(loop_of)
  in_turn "$id" 120 || return 1
  note=$(rl loop show "$id" | tr '\n' ' ' | grep -c 'cannot be reached')
  rl loop start -s s --target 'accuracy<=0.95' >>"$A/log" 2>&1 || code=$?
  second=$code code=0
  rl loop start -s s --target 'acuracy>=0.95' >>"$A/log" 2>&1 || code=$?
  if [[ $first == 1 && $note == 1 && $second == 2 && $code == 2 ]]; then
    right 'warned before anything is known, told at the loop, refused after'
  else
    wrong "did you mean: $first, told at the loop: $note, wrong way: exit $second, known names: exit $code"
  fi
}

# the metric in other capitals than the study has it
attack_name_case() {
  site local ATTACK=deed
  says 0.97 '' 'Test Accuracy'
  study 'metric = "test_accuracy"' 'metric_better = "higher"'
  task 'the only question'
  rl loop start -s s -n 1 --rounds 0 --tasks-only --target 'test-accuracy>=0.95' >>"$A/log" 2>&1 || return 1
  local id; id=$(loop_of)
  in_turn "$id" 120 || return 1
  local why; why=$(rl --json loop show "$id" | jq -r .loop.reason)
  if [[ $why == target ]]; then right 'the target is reached'; else wrong "the loop ended by $why"; fi
}

# two sprints that run beside each other meet the same fault in the same minute
attack_one_cause() {
  site local
  local idea
  for idea in 'the first question' 'another one, quite different'; do rl task add "$idea" -s s --verify false >>"$A/log" 2>&1; done
  task 'and a third, of birds'; task 'the fourth is about cheese'
  rl loop start -s s -n 2 --rounds 0 --tasks-only --parallel 2 >>"$A/log" 2>&1 || return 1
  local id; id=$(loop_of)
  in_turn "$id" 120 || return 1
  local why; why=$(rl --json loop show "$id" | jq -r '"\(.loop.reason), its sprints \([.loop.sprints[].status] | join(" "))"')
  if [[ $why == count,* ]]; then right "it ended by $why"; else wrong "it ended by $why"; fi
}
