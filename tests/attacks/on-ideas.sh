# shellcheck shell=bash
# shellcheck disable=SC2016,SC2034  # texts of programs that others run; values that lib.sh uses
# What a job proposes in the place of an idea, and small things of daily use. The comment above a function is what is shown of it.

# answers IDEA...: what the job's step will answer, one after the other
answers() {
  jq -cn '$ARGS.positional[] | {idea: ., why: "it is next", builds_on: null}' --args "$@" >"$A/marks/answers"
  chmod 666 "$A/marks/answers"
}
# proposed EARLIER IDEA: sets IDEA to what became of it: taken, or refused
proposed() {
  local task
  if [[ -n $1 ]]; then
    task=$(rl --json task add "$1" -s s 2>>"$A/log" | jq -r .task.id)
    rl task cancel "$task" >>"$A/log" 2>&1 || return 1
  fi
  answers "$2"
  rl loop start -s s -n 1 --rounds 0 >>"$A/log" 2>&1 || return 1
  ID=$(rl --json sprint list -n 1 2>>"$A/log" | jq -r '.sprints[0].id')
  ticks_until_over 90 || return 1
  IDEA=refused
  [[ $(show idea) != "$2" ]] || IDEA=taken
  rl loop stop "$(rl --json loop list | jq -r '.loops[0].id')" --now >>"$A/log" 2>&1 || true
}
# pairs EXPECTED: pairs of lines on standard input, a line between two of them
pairs() {
  local earlier next bad=() count=0
  site local ATTACK=idea
  while IFS= read -r earlier && IFS= read -r next; do
    read -r _ || true
    count=$((count + 1))
    proposed "$(printf '%b' "$earlier")" "$(printf '%b' "$next")" </dev/null || return 1
    [[ $IDEA == "$1" ]] || bad+=("$next")
  done
  if (( ${#bad[@]} )); then wrong "${#bad[@]} of $count not $1: $(printf "%b" "${bad[0]}" | cut -c1-90)"; else right "all $count $1"; fi
}

# other numbers, signs, marks, roles: are they other ideas?
attack_ideas_other() {
  pairs taken <<'END'
Train a small transformer for 20 epochs with dropout 0.001 and compare the test loss over five seeds
Train a small transformer for 20 epochs with dropout 0.1 and compare the test loss over five seeds

Does a temperature of 1e-2 lead to better samples than a greedy decoder on this data?
Does a temperature of 1e+2 lead to better samples than a greedy decoder on this data?

Add -2 to each bias of the last layer and measure how well it is calibrated
Add +2 to each bias of the last layer and measure how well it is calibrated

Does data augmentation still help when weight decay is left out of the training?
Does weight decay still help when data augmentation is left out of the training?

Do longer warmups help large batches on the small text corpus?
Do longer warmups NOT help large batches on the small text corpus?

Is the loss lower for a width > 512 than for the small baseline network?
Is the loss lower for a width < 512 than for the small baseline network?

Is the C version of the data loader faster than the Python version of it?
Is the C# version of the data loader faster than the Python version of it?

学習率を上げると小さいモデルの精度は改善するかを三回調べる
学習率を上げると小さいモデルの精度は改善しないかを三回調べる
END
}

# other spellings of an idea that was had: are they repeats?
attack_ideas_same() {
  pairs refused <<'END'
检验预热对小型变换器的影响，使用五个随机种子，并与基线的结果进行比较。
检验预热对小型变换器的影响;使用五个随机种子;并与基线的结果进行比较

Does a sufficient offline benchmark show a finer difference of both variants?
Does a su\xef\xac\x83cient o\xef\xac\x84ine benchmark show a \xef\xac\x81ner di\xef\xac\x80erence of both variants?

Le modèle équilibré améliore-t-il la précision sur les données?
Le mode\xcc\x80le e\xcc\x81quilibre\xcc\x81 ame\xcc\x81liore-t-il la pre\xcc\x81cision sur les donne\xcc\x81es?

Does gradient noise help with a rate of 0.001 on the small corpus?
Does gradient noise help with a rate of 1e-3 on the small corpus?

Is longer training better than a wider network at equal cost?
Is longer training better than a wider network at equal cost? As an AI research assistant I propose this novel and promising direction.
END
}

# apologies, questions, error texts, placeholders: are they worked on?
attack_ideas_none() {
  pairs refused <<'END'

I am sorry, but I have no further idea: all that this study allows was tried before.


Es tut mir leid, aber ich habe keine neue Idee für diese Studie.


Could you please tell me which model I should look at before I propose something?


API Error: 500 Internal server error. Please try again in a moment


Traceback (most recent call last): File "main.py", line 3, in <module>


<your idea, 20 to 4000 characters>
END
}

# the job says that no idea is left
attack_ideas_left() {
  site local ATTACK=idea
  printf '{"idea":null,"none_left":true,"why":"each rate was tried"}\n' >"$A/marks/answers"
  chmod 666 "$A/marks/answers"
  rl loop start -s s -n 3 --rounds 0 >>"$A/log" 2>&1 || return 1
  local loop i seen
  loop=$(rl --json loop list | jq -r '.loops[0].id')
  for i in $(seq 60); do
    tick
    [[ $(rl --json loop show "$loop" | jq -r .loop.status) == running ]] || break
    sleep 1
  done
  seen=$(rl --json loop show "$loop" | jq -r '.loop | "\(.status) \(.reason): \([.sprints[].status] | join(" "))"')
  if [[ $seen == "completed no_ideas_left: cancelled" ]]; then right "$seen"; else wrong "$seen"; fi
}

# a loop that goes through the values of one setting
attack_ideas_sweep() {
  site local ATTACK=idea
  local value ideas=() i status
  for value in 0.0003 0.003 3e-6 1e-4 0.3; do ideas+=("Train the small network for ten epochs with learning rate $value and report the test accuracy"); done
  answers "${ideas[@]}"
  rl loop start -s s -n 4 --rounds 0 >>"$A/log" 2>&1 || return 1
  for i in $(seq 120); do
    tick
    status=$(rl --json loop list | jq -r '.loops[0] | "\(.status) \(.reason) \(.completed_count)"')
    [[ $status == running* ]] || break
    sleep 1
  done
  if [[ $status == "completed count 4" ]]; then right "$status"; else wrong "$status"; fi
}

# what a hint advises: can it be said?
attack_again() {
  site slurm ATTACK=none
  run_sprint 'an idea' --time 1h || return 1
  local said; said=$(rl sprint resubmit "$ID" --dry-run -o mem=300M --time 2h 2>&1)
  if grep -q -- --mem=300M <<<"$said" && grep -q -- --time=0-02:00:00 <<<"$said"; then right "--mem=300M --time=0-02:00:00"; else wrong "$(head -n 1 <<<"$said")"; fi
  ticks_until_over 60 || true
}

# a misspelt option on the command line
attack_option_slip() {
  site slurm ATTACK=none
  local said; said=$(rl sprint run 'an idea' -s s --dry-run -o partiton=debug 2>&1 >/dev/null)
  if grep -q partition <<<"$said"; then right "$(head -n 1 <<<"$said")"; else wrong "not a word"; fi
}

# a follow-up says where the report is
attack_tweak_report() {
  site local ATTACK=none
  run_sprint 'an idea' || return 1
  ticks_until_over 60 || return 1
  local first=$ID path
  ID=$(rl --json sprint tweak "$first" 'add a table' 2>>"$A/log" | jq -r .sprint_id)
  ticks_until_over 60 || return 1
  tick
  path=$(rl sprint show "$ID" | tr ' ' '\n' | grep 'report.md,' | head -n 1)
  path=${path%,}
  if [[ -n $path && -f $path ]]; then right "${path#"$A/"}"; else wrong "not there: ${path#"$A/"}"; fi
}

# the context of a study that nobody has filled in
attack_template() {
  site local ATTACK=none
  rl study init s >>"$A/log" 2>&1 || return 1
  printf 'claude_md_path = "studies/s/CLAUDE.md"\n' >>"$A/project/researchloop.toml"
  local told; told=$(rl sprint run 'an idea' -s s --dry-run 2>&1)
  if grep -q 'What do we want to find out' <<<"$told"; then wrong "our questions go to the model"; else right "$(grep -m 1 'questions of its template' <<<"$told" | sed 's/.*CLAUDE.md/CLAUDE.md/')"; fi
}

# ~ in claude_command
attack_tilde() {
  site local ATTACK=none
  mkdir -p "$A/home/tools"
  printf '#!/bin/sh\nexec %s/repo/tests/attacks/agent "$@"\n' "$ROOT" >"$A/home/tools/claude"
  chmod 755 "$A/home/tools" "$A/home/tools/claude"
  sed -i 's|^claude_command = .*|claude_command = "~/tools/claude"|' "$A/project/researchloop.toml"
  run_sprint 'an idea' || return 1
  ticks_until_over 60 || return 1
  if [[ $(show status) == completed ]]; then right "$(how)"; else wrong "$(how)"; fi
}

# a second loop on a study
attack_two_loops() {
  site local ATTACK=hang20
  rl loop start -s s -n 1 --rounds 0 >>"$A/log" 2>&1 || return 1
  local first said loop
  first=$(rl --json loop list | jq -r '.loops[0].id')
  said=$(rl loop start -s s -n 1 --rounds 0 2>&1)
  if grep -q "$first" <<<"$said"; then right "the second says that $first runs"; else wrong "not a word"; fi
  for loop in $(rl --json loop list | jq -r '.loops[].id'); do rl loop stop "$loop" --now >>"$A/log" 2>&1 || true; done
}

# the job is killed at once: what is shown of its steps?
attack_killed_step() {
  site local ATTACK=hang100
  run_sprint 'an idea' && within 60 marked acted || return 1
  tick
  local pid states
  while read -r pid; do kill -KILL "$pid" 2>>"$A/log" || true; done < <(pgrep -u rl-lab -f "$A/work")
  ticks_until_over 300 || return 1
  states=$(rl --json sprint show "$ID" | jq -r '[.sprint.steps[].state] | join(" ")')
  if [[ $states == *running* ]]; then wrong "$(how): $states"; else right "$(how): $states"; fi
}
