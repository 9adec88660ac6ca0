#!/bin/sh
# A scripted stand-in for Claude Code. It is NOT a model: no network, no login, no cost.
#
# It is called like `claude -p --output-format stream-json --verbose` with the prompt on stdin, speaks the
# event stream of Claude Code 2.1.329, and does a small piece of real work in the current directory: it
# compares plain and momentum gradient descent on a noisy quadratic. Every number it reports is computed when
# it runs, and every command that it shows is the command that it runs. It cannot work on the idea it is
# given; it quotes the idea and says so. The first version of the experiment has a planted flaw (unequal
# budgets, one seed), so that the review has something to find and the fix something to change.
#
# Needs a POSIX sh, awk and the usual small tools; no bash, python or jq.
#
#   STAND_IN_PAUSE            seconds between events, so that a live view has something to show (0.3; 0 = none)
#   STAND_IN_COST_PER_TURN    dollars to report per turn (0)
#   STAND_IN_TOKENS_PER_TURN  tokens to report per turn, input and output alike (0)
#   STAND_IN_SESSIONS         folder of the session files; default: $CLAUDE_CONFIG_DIR/projects/<cwd>, as the
#                             real program has it, or else .stand-in in the current directory

# The awk programs stand in single quotes on purpose; the trap functions are called by signals.
# shellcheck disable=SC2016,SC2317
set -u
LC_ALL=C
export LC_ALL
unset CDPATH

VERSION=2.1.329
MODEL=scripted-stand-in
WHO='scripted stand-in, not a model'

die() { printf '%s\n' "$*" >&2; exit 1; }

# ---------------------------------------------------------------------------------------------- JSON

# stdin -> one JSON string with its quotes. Works on byte values, so it is the same in every awk and locale;
# the output is plain ASCII, and bytes that are not UTF-8 become U+FFFD.
json_string() {
  od -An -v -tu1 | awk '
    function put(c) {
      if (c == 34) return "\\\""
      if (c == 92) return "\\\\"
      if (c == 10) return "\\n"
      if (c == 9) return "\\t"
      if (c == 13) return "\\r"
      if (c >= 32 && c < 127) return sprintf("%c", c)
      if (c < 65536) return sprintf("\\u%04x", c)
      c -= 65536
      return sprintf("\\u%04x\\u%04x", 55296 + int(c / 1024), 56320 + c % 1024)
    }
    function bad() { printf "\\ufffd"; need = 0 }
    function byte(b) {
      if (need > 0) {
        if (b >= 128 && b < 192) {
          code = code * 64 + b - 128
          if (--need == 0) {
            if (code < least || code > 1114111 || (code >= 55296 && code < 57344)) bad()
            else printf "%s", put(code)
          }
          return
        }
        bad()
      }
      if (b < 128) printf "%s", put(b)
      else if (b >= 194 && b < 224) { need = 1; code = b - 192; least = 128 }
      else if (b >= 224 && b < 240) { need = 2; code = b - 224; least = 2048 }
      else if (b >= 240 && b < 245) { need = 3; code = b - 240; least = 65536 }
      else bad()
    }
    BEGIN { printf "\"" }
    { for (i = 1; i <= NF; i++) byte($i + 0) }
    END { if (need > 0) bad(); printf "\"" }'
}

# What is used often answers in a variable, because each $(...) is a process more, and a program is started
# only for what the shell cannot do.
NEWLINE='
'
TAB=$(printf '\t')

# quote TEXT: $quoted becomes TEXT as one JSON string with its quotes. What is printable needs some backslashes.
quote() {
  case $1 in
    *[!\ -~"$NEWLINE$TAB"]*) quoted=$(printf '%s' "$1" | json_string) ;;
    *[\\\""$NEWLINE$TAB"]*)
      quoted=''
      unquoted=$1
      while :; do
        plain=${unquoted%%[\\\""$NEWLINE$TAB"]*}
        quoted=$quoted$plain
        [ "$plain" != "$unquoted" ] || break
        unquoted=${unquoted#"$plain"}
        case $unquoted in
          \"*) quoted="$quoted\\\"" ;;
          \\*) quoted="$quoted\\\\" ;;
          "$TAB"*) quoted="$quoted\\t" ;;
          *) quoted="$quoted\\n" ;;
        esac
        unquoted=${unquoted#?}
      done
      quoted="\"$quoted\"" ;;
    *) quoted="\"$1\"" ;;
  esac
}

# Random enough to tell two things apart; the answer is in $uuid (no subshell: this runs often).
fresh_uuid() {
  uuid=
  { read -r uuid </proc/sys/kernel/random/uuid; } 2>/dev/null
  [ -n "$uuid" ] || uuid=$(od -An -v -N16 -tx1 /dev/urandom | tr -d ' \n' |
    sed 's/^\(.\{8\}\)\(....\).\(...\).\(...\)\(.\{12\}\).*/\1-\2-4\3-8\4-\5/')
}

# The time as text in $stamp, and milliseconds to measure with in $ms. The kernel's age, where it can be
# read, tells whether the second is still the same.
second=
look_at_clock() {
  age='' ms=''
  { read -r age ms </proc/uptime; } 2>/dev/null
  case $age in
    *[!0-9.]* | *.*.* | 0*) ms='' ;;
    *.??) ms=${age%.*}${age#*.}0 ;;
    *) ms='' ;;
  esac
  if [ -z "$ms" ]; then ms=$(date +%s)000 age=''; fi
  if [ -z "$age" ] || [ "${age%.*}" != "$second" ]; then
    second=${age%.*}
    stamp=$(date -u +%Y-%m-%dT%H:%M:%S.000Z)
  fi
}

# ------------------------------------------------------------------------------------------- command line

prompt_argument=
output_format=text
session=
resume=
budget=
max_turns=0
json_schema=
mode=default
print=
verbose=
while [ $# -gt 0 ]; do
  case $1 in
    --version | -v) printf '%s (scripted stand-in for Claude Code)\n' "$VERSION"; exit 0 ;;
    -h | --help) sed -n '2,/^$/s/^# \{0,1\}//p' "$0"; exit 0 ;;
    auth)
      printf '{"loggedIn":true,"authMethod":"none","note":"%s"}\n' "$WHO"; exit 0 ;;
    -p | --print) print=1 ;;
    --verbose) verbose=1 ;;
    --dangerously-skip-permissions) mode=bypassPermissions ;;
    --output-format=* | --session-id=* | --resume=* | --max-budget-usd=* | --max-turns=* | --permission-mode=* | --json-schema=*)
      flag=${1%%=*} value=${1#*=}
      shift
      set -- x "$flag" "$value" "$@" ;;      # the x is what the shift below removes
    --output-format | --session-id | --resume | -r | --max-budget-usd | --max-turns | --permission-mode | --json-schema)
      [ $# -ge 2 ] || die "error: option '$1' argument missing"
      case $1 in
        --output-format) output_format=$2 ;;
        --session-id) session=$2 ;;
        --resume | -r) resume=$2 ;;
        --max-budget-usd) budget=$2 ;;
        --max-turns) max_turns=$2 ;;
        --permission-mode) mode=$2 ;;
        --json-schema) json_schema=$2 ;;
      esac
      shift ;;
    --model | --fallback-model | --input-format | --settings | --setting-sources | --mcp-config | --agents | \
      --add-dir | --effort | --system-prompt* | --append-system-prompt* | --permission-prompt* | \
      --allowedTools | --allowed-tools | --disallowedTools | --disallowed-tools | --tools)
      [ $# -lt 2 ] || shift ;;
    --) ;;
    -*) ;;
    *) prompt_argument=$1 ;;
  esac
  shift
done

[ -n "$print" ] || die "Error: the scripted stand-in only works with --print (-p)"
if [ "$output_format" = stream-json ] && [ -z "$verbose" ]; then
  die "Error: When using --print, --output-format=stream-json requires --verbose"
fi
case $max_turns in '' | *[!0-9]*) die "Error: --max-turns must be a number" ;; esac
if [ -n "$budget" ]; then
  case $budget in *[!0-9.]* | *.*.* | *.) budget=0 ;; esac
  case $budget in *[1-9]*) ;; *) die "Error: --max-budget-usd must be a positive number" ;; esac
fi
HEX4='[0-9a-fA-F][0-9a-fA-F][0-9a-fA-F][0-9a-fA-F]'
# shellcheck disable=SC2254
is_uuid() { case $1 in $HEX4$HEX4-$HEX4-$HEX4-$HEX4-$HEX4$HEX4$HEX4) ;; *) return 1 ;; esac; }
[ -z "$session" ] || is_uuid "$session" || die "Error: Invalid session ID. Must be a valid UUID."

prompt=$(tr -d '\000')
[ -n "$prompt" ] || prompt=$prompt_argument
[ -n "$prompt" ] ||
  die "Error: Input must be provided either through stdin or as a prompt argument when using --print"

# ----------------------------------------------------------------------------------------------- session

here=$PWD
if [ -n "${STAND_IN_SESSIONS:-}" ]; then
  sessions=$STAND_IN_SESSIONS
elif [ -n "${CLAUDE_CONFIG_DIR:-}" ]; then
  folder=''
  unnamed=$here
  while :; do
    plain=${unnamed%%[!A-Za-z0-9]*}
    folder=$folder$plain
    [ "$plain" != "$unnamed" ] || break
    unnamed=${unnamed#"$plain"?}
    folder=$folder-
  done
  sessions=$CLAUDE_CONFIG_DIR/projects/$folder
else
  sessions=$here/.stand-in
fi

# Everything on stdout goes through here. The session file beside it is what --resume looks for.
emit() {
  [ "$output_format" != stream-json ] || printf '%s\n' "$1"
  [ -z "$transcript" ] || printf '%s\n' "$1" 2>/dev/null >>"$transcript"
}

transcript=
base_cost=0
base_turns=0
if [ -n "$resume" ]; then
  session=$resume
  if ! is_uuid "$resume" || [ ! -f "$sessions/$resume.jsonl" ]; then
    fresh_uuid
    quote "$resume"
    id=$quoted
    quote "No conversation found with session ID: $resume"
    error=$quoted
    emit "{\"type\":\"result\",\"subtype\":\"error_during_execution\",\"duration_ms\":0,\"duration_api_ms\":0,\"is_error\":true,\"num_turns\":0,\"stop_reason\":null,\"session_id\":$id,\"total_cost_usd\":0,\"usage\":{\"input_tokens\":0,\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":0,\"output_tokens\":0},\"modelUsage\":{},\"permission_denials\":[],\"uuid\":\"$uuid\",\"errors\":[$error],\"result_index\":0}"
    die "No conversation found with session ID: $resume"
  fi
  { read -r base_cost base_turns <"$sessions/$resume.total"; } 2>/dev/null
  case $base_cost in '' | *[!0-9.]*) base_cost=0 ;; esac
  case $base_turns in '' | *[!0-9]*) base_turns=0 ;; esac
elif [ -n "$session" ]; then
  [ ! -e "$sessions/$session.jsonl" ] || die "Error: Session ID $session is already in use."
else
  fresh_uuid
  session=$uuid
fi
[ -f "$sessions/$session.jsonl" ] || (umask 077; mkdir -p "$sessions" && : >>"$sessions/$session.jsonl") 2>/dev/null
[ ! -w "$sessions/$session.jsonl" ] || transcript=$sessions/$session.jsonl

per_turn=${STAND_IN_COST_PER_TURN:-0}
case $per_turn in '' | *[!0-9.]*) per_turn=0 ;; esac
tokens=${STAND_IN_TOKENS_PER_TURN:-0}
case $tokens in '' | *[!0-9]*) tokens=0 ;; esac
turns=0
tool_calls=0

# The dollars of the session in $total, and those of this process in $process.
add_up() {
  case $base_cost$per_turn in
    *[!0.]*)
      total=$(awk -v a="$base_cost" -v n="$turns" -v c="$per_turn" 'BEGIN { printf "%.6f %.6f", a + n * c, n * c }')
      process=${total#* } total=${total% *} ;;
    *) total=0.000000 process=0.000000 ;;
  esac
}

save_total() {
  add_up
  [ -z "$transcript" ] ||
    { printf '%s %s\n' "$total" "$((base_turns + turns))" >"$sessions/$session.total"; } 2>/dev/null
}

# ----------------------------------------------------------------------------------------------- events

# How the real program ends: TERM 143 and HUP 129 without a result line, INT 0 with one. What runs in the
# foreground is always a background child that we wait for; otherwise a trap would have to wait for it.
child=
scratch=
stop() {
  trap '' TERM HUP INT
  [ -z "$child" ] || kill "$child" 2>/dev/null
  save_total
  exit "$1"
}
interrupted() {
  trap '' TERM HUP INT
  [ -z "$child" ] || kill "$child" 2>/dev/null
  failed_result error_during_execution aborted_tools "interrupted by the user" "$turns"
  exit 0
}
trap 'stop 143' TERM
trap 'stop 129' HUP
trap interrupted INT
trap '[ -z "$scratch" ] || rm -f "$scratch"' EXIT

pause() {
  case ${STAND_IN_PAUSE:-0.3} in 0 | 0.0 | '' | *[!0-9.]*) return 0 ;; esac
  sleep "${STAND_IN_PAUSE:-0.3}" 2>/dev/null &
  child=$!
  wait "$child"
  child=
}

model_usage() { # turns, dollars; answers in $used
  used="{\"$MODEL\":{\"inputTokens\":$(($1 * tokens)),\"outputTokens\":$(($1 * tokens)),\"cacheReadInputTokens\":0,\"cacheCreationInputTokens\":0,\"webSearchRequests\":0,\"costUSD\":$2,\"contextWindow\":200000,\"maxOutputTokens\":32000}}"
}

# The common part of a result line: subtype, is_error, terminal_reason, num_turns, then "result" or "errors".
result_line() {
  save_total
  look_at_clock
  took=$((ms - started))
  fresh_uuid
  model_usage $((base_turns + turns)) "$total"
  used_in_all=$used
  model_usage "$turns" "$process"
  line="{\"duration_api_ms\":0,\"stop_reason\":\"end_turn\",\"session_id\":\"$session\",\"total_cost_usd\":$total,\"usage\":{\"input_tokens\":$((turns * tokens)),\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":0,\"output_tokens\":$((turns * tokens)),\"service_tier\":\"standard\"},\"modelUsage\":$used_in_all,\"permission_denials\":[],\"terminal_reason\":\"$3\",\"is_error\":$2,\"num_turns\":$4,\"subtype\":\"$1\",\"api_error_status\":null,$5,\"type\":\"result\",\"duration_ms\":$took,\"uuid\":\"$uuid\",\"queued_turn_count\":0,\"result_index\":0,\"model_usage_since_last_result\":$used}"
  emit "$line"
  [ "$output_format" != json ] || printf '%s\n' "$line"
}
failed_result() {
  quote "$3"
  result_line "$1" true "$2" "$4" "\"errors\":[$quoted]"
}
finish() { # TEXT [JSON]: with this structured answer, where one is asked for
  say "$1"
  quote "$1"
  answer_text=$quoted
  structured=
  [ -z "$json_schema" ] || [ -z "${2:-}" ] || structured=",\"structured_output\":$2"
  result_line success false completed "$turns" "\"result\":$answer_text$structured"
  [ "$output_format" != text ] || printf '%s\n' "$1"
  exit 0
}

# One turn = one call of the model in the real program: one message id, one or more content blocks.
next_turn() {
  [ "$turns" -eq 0 ] || pause
  if [ "$max_turns" -gt 0 ] && [ "$turns" -ge "$max_turns" ]; then
    failed_result error_max_turns max_turns "Reached maximum number of turns ($max_turns)" $((turns + 1))
    exit 1
  fi
  if [ -n "$budget" ] && [ "$per_turn" != 0 ] && awk -v b="$budget" -v n="$turns" -v c="$per_turn" 'BEGIN { exit !(n * c >= b) }'; then
    failed_result error_max_budget_usd budget_exhausted "Reached maximum budget (\$$budget)" "$turns"
    exit 1
  fi
  turns=$((turns + 1))
  look_at_clock
  fresh_uuid
  message=msg_standin_${uuid%%-*}$turns
}

assistant() { # one content block, as JSON
  fresh_uuid
  emit "{\"type\":\"assistant\",\"message\":{\"id\":\"$message\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"$MODEL\",\"content\":[$1],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":$tokens,\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":0,\"output_tokens\":1,\"service_tier\":\"standard\"}},\"parent_tool_use_id\":null,\"session_id\":\"$session\",\"uuid\":\"$uuid\",\"timestamp\":\"$stamp\",\"request_id\":\"req_${message#msg_}\"}"
}

say() {
  next_turn
  quote "$1"
  assistant "{\"type\":\"text\",\"text\":$quoted}"
}

tool_use() { # name, input as JSON
  tool_calls=$((tool_calls + 1))
  tool=toolu_${message#msg_}x$tool_calls
  assistant "{\"type\":\"tool_use\",\"id\":\"$tool\",\"name\":\"$1\",\"input\":$2}"
}

tool_result() { # content as JSON, is_error, tool_use_result as JSON
  fresh_uuid
  emit "{\"type\":\"user\",\"message\":{\"role\":\"user\",\"content\":[{\"tool_use_id\":\"$tool\",\"type\":\"tool_result\",\"content\":$1,\"is_error\":$2}]},\"parent_tool_use_id\":null,\"session_id\":\"$session\",\"uuid\":\"$uuid\",\"timestamp\":\"$stamp\",\"tool_use_result\":$3,\"tool_result_meta\":[{\"id\":\"$tool\",\"permission_decision\":{\"decision\":\"accept\",\"source\":\"config\",\"reason_type\":\"mode\"}}]}"
}

# say_next TEXT: a sentence in the same message as the next tool call, as the real program often has it
lead=
say_next() { lead=$1; }
open_tool_turn() {
  next_turn
  [ -n "$lead" ] || return 0
  quote "$lead"
  lead=
  assistant "{\"type\":\"text\",\"text\":$quoted}"
}

# bash_tool DESCRIPTION COMMAND: shows the command, runs exactly that, shows what came out. Output in $output.
bash_tool() {
  open_tool_turn
  quote "$1"
  what=$quoted
  quote "$2"
  text=$quoted
  tool_use Bash "{\"command\":$text,\"description\":$what}"
  if [ -z "$scratch" ]; then
    scratch=$sessions/$session.$$.out
    [ -n "$transcript" ] || scratch=$(mktemp "${CLAUDE_CODE_TMPDIR:-${TMPDIR:-/tmp}}/stand-in.XXXXXX") || die "no temporary file"
  fi
  sh -c "$2" </dev/null >"$scratch" 2>&1 &
  child=$!
  wait "$child"
  code=$?
  child=
  output=$(head -c 30000 "$scratch")
  if [ "$code" -eq 0 ]; then
    quote "$output"
    text=$quoted
    tool_result "$text" false "{\"stdout\":$text,\"stderr\":\"\",\"interrupted\":false,\"isImage\":false,\"noOutputExpected\":false}"
  else
    quote "Exit code $code$NEWLINE$output"
    text=$quoted
    quote "Error: Exit code $code$NEWLINE$output"
    tool_result "$text" true "$quoted"
  fi
  return "$code"
}

# write_tool PATH TEXT: the text and a line break become the file
write_tool() {
  body=$2$NEWLINE
  open_tool_turn
  quote "$here/$1"
  where=$quoted
  quote "$body"
  text=$quoted
  tool_use Write "{\"file_path\":$where,\"content\":$text}"
  case $1 in */*) [ -d "${1%/*}" ] || mkdir -p "${1%/*}" 2>/dev/null ;; esac
  kind=create
  [ ! -f "$1" ] || kind=update
  # A group, so that a full disk or a missing folder is our message and not the shell's.
  if { printf '%s' "$body" >"$1"; } 2>/dev/null && [ "$(wc -c <"$1")" -eq ${#body} ]; then
    quote "File written: $here/$1"
    tool_result "$quoted" false \
      "{\"type\":\"$kind\",\"filePath\":$where,\"content\":$text,\"structuredPatch\":[],\"originalFile\":null,\"userModified\":false}"
  else
    quote "The file could not be written: $here/$1"
    what=$quoted
    quote "Error: could not write $here/$1"
    tool_result "$what" true "$quoted"
    return 1
  fi
}

log_progress() { # fixed text only: it becomes part of a command
  bash_tool "Note the progress" "printf '%s  %s\\n' \"\$(date -u +%Y-%m-%dT%H:%M:%SZ)\" '$1' >>progress.md"
}

# ------------------------------------------------------------------------------------------ the experiment

EXPERIMENT='# Gradient descent on a noisy quadratic: f(x) = 1/2 sum_i c_i x_i^2, six directions, curvatures from 0.02 to 1,
# every gradient component with noise. Written by a scripted stand-in, not a model.
#   awk -v method=plain -v beta=0 -v rate=0.1 -v noise=0.1 -v steps=300 -v seeds=20 -v runs=FILE -v curves=FILE -f descent.awk
# It uses no awk mathematics beyond + - * / and its own random numbers, so every awk gives the same figures.
function uniform() { state = (16807 * state) % 2147483647; return state / 2147483647 }
function bell() { return (uniform() + uniform() + uniform() + uniform() - 2) * 1.7320508 }   # mean 0, variance 1
function ln(y,   k, z, q, sum, i, p) {
  if (y <= 0) return -99
  while (y > 1.5) { y /= 2; k++ }
  while (y < 0.75) { y *= 2; k-- }
  z = (y - 1) / (y + 1); q = z * z; p = z
  for (i = 1; i < 40; i += 2) { sum += p / i; p *= q }
  return 2 * sum + k * 0.69314718056
}
function ex(y,   i, p, sum) {
  y /= 256; p = 1; sum = 0
  for (i = 1; i < 15; i++) { sum += p; p *= y / i }
  for (i = 0; i < 8; i++) sum *= sum
  return sum
}
function value(   i, sum) { for (i = 1; i <= d; i++) sum += 0.5 * c[i] * x[i] * x[i]; return sum }
function sort(n,   i, j, t) { for (i = 2; i <= n; i++) { t = a[i]; for (j = i - 1; j > 0 && a[j] > t; j--) a[j + 1] = a[j]; a[j + 1] = t } }
BEGIN {
  d = 6; for (i = 1; i <= d; i++) c[i] = 0.02 * ex((i - 1) / (d - 1) * ln(50))
  for (seed = 1; seed <= seeds; seed++) {
    state = seed * 7919 + 1; for (i = 0; i < 20; i++) uniform()
    for (i = 1; i <= d; i++) { x[i] = 1; v[i] = 0 }
    tail = 0
    for (k = 0; k <= steps; k++) {
      f = value(); if (k % 5 == 0) seen[k, seed] = f
      if (k > steps - 20) tail += f / 20
      if (k == 50) at50 = f
      for (i = 1; i <= d; i++) { v[i] = beta * v[i] + c[i] * x[i] + noise * bell(); x[i] -= rate * v[i] }
    }
    printf "%s,%d,%d,%.6f,%.6f,scripted-stand-in\n", method, seed, steps, at50, tail >>runs
    printf "%-8s  seed %2d  %3d gradient steps  final loss %.5f\n", method, seed, steps, tail
  }
  for (k = 0; k <= steps; k += 5) {
    sum = 0; for (seed = 1; seed <= seeds; seed++) { a[seed] = seen[k, seed]; sum += ln(a[seed]) }
    sort(seeds); cut = int(seeds / 10) + 1
    printf "%s,%d,%.6f,%.6f,%.6f,%d,scripted-stand-in\n", method, k, ex(sum / seeds), a[cut], a[seeds + 1 - cut], seeds >>curves
  }
}'

# Reads both csv files and prints name=value lines; all texts take their numbers from there.
SUMMARY='# Summary of results/runs.csv and results/curves.csv as name=value lines. Written by a scripted stand-in, not a model.
#   awk -f summary.awk results/runs.csv results/curves.csv
function ln(y,   k, z, q, sum, i, p) {
  if (y <= 0) return -99
  while (y > 1.5) { y /= 2; k++ }
  while (y < 0.75) { y *= 2; k-- }
  z = (y - 1) / (y + 1); q = z * z; p = z
  for (i = 1; i < 40; i += 2) { sum += p / i; p *= q }
  return 2 * sum + k * 0.69314718056
}
function ex(y,   i, p, sum) {
  y /= 256; p = 1; sum = 0
  for (i = 1; i < 15; i++) { sum += p; p *= y / i }
  for (i = 0; i < 8; i++) sum *= sum
  return sum
}
function root(y,   r, i) { if (y <= 0) return 0; r = y > 1 ? y : 1; for (i = 0; i < 60; i++) r = (r + y / r) / 2; return r }
function abs(y) { return y < 0 ? -y : y }
BEGIN { FS = "," }
FNR == 1 { file++; next }
file == 1 { n[$1]++; sum[$1] += $5; square[$1] += $5 * $5; early[$1] += $4; steps[$1] = $3; final[$1, $2] = $5; if ($2 + 0 > top) top = $2 + 0; next }
{ curve[$1, $2] = $3; if ($2 + 0 > far) far = $2 + 0 }
END {
  print "# by a scripted stand-in, not a model"
  names[1] = "plain"; names[2] = "momentum"
  for (i = 1; i <= 2; i++) if ((m = names[i]) in n) {
    mean = sum[m] / n[m]; sd = n[m] > 1 ? root((square[m] - n[m] * mean * mean) / (n[m] - 1)) : 0
    printf "%s_seeds=%d\n%s_steps=%d\n%s_loss=%.5f\n%s_early=%.4f\n", m, n[m], m, steps[m], m, mean, m, early[m] / n[m]
    if (n[m] > 1) printf "%s_sd=%.5f\n", m, sd
  }
  for (s = 1; s <= top; s++) if ((("plain", s) in final) && (("momentum", s) in final)) {
    q = ln(final["momentum", s] / final["plain", s]); pairs++; total += q; squares += q * q
  }
  if (pairs) {
    mean = total / pairs
    printf "pairs=%d\nratio=%.2f\n", pairs, ex(mean)
    if (pairs > 1) {
      sd = root((squares - pairs * mean * mean) / (pairs - 1)); half = (1.96 + 2.5 / (pairs - 1)) * sd / root(pairs)
      t = sd > 0 ? mean / (sd / root(pairs)) : 0
      printf "low=%.2f\nhigh=%.2f\nspread=%.3f\nt=%.1f\n", ex(mean - half), ex(mean + half), ex(mean) * sd, t
    }
  }
  equal = steps["plain"] == steps["momentum"]
  verdict = "inconclusive"; confidence = 0.3
  if (equal && pairs >= 5 && abs(t) >= 2.1) { verdict = t < 0 ? "supported" : "refuted"; confidence = abs(t) >= 4 ? 0.9 : 0.7 }
  printf "verdict=%s\nconfidence=%s\n", verdict, confidence
  for (k = 0; k <= far; k += 5) if ((("plain", k) in curve) && (("momentum", k) in curve) && curve["momentum", k] < curve["plain", k]) last = k
  if (equal && last > 0 && last < far) printf "crossing=%d\n", last
}'

FIGURE='# Draws results/curves.csv as SVG on a transparent ground, in colours that read on white and on black.
# Written by a scripted stand-in, not a model.
#   awk -v crossing=150 -f figure.awk results/curves.csv >results/figure.svg
function log10(y,   k, z, q, sum, i, p) {
  if (y <= 0) y = 0.000001
  while (y > 1.5) { y /= 2; k++ }
  while (y < 0.75) { y *= 2; k-- }
  z = (y - 1) / (y + 1); q = z * z; p = z
  for (i = 1; i < 40; i += 2) { sum += p / i; p *= q }
  return (2 * sum + k * 0.69314718056) / 2.30258509299
}
function px(k) { return left + (right - left) * k / far }
function py(y) { return bottom - (bottom - top) * (log10(y) - lo) / (hi - lo) }
function text(x, y, anchor, size, fill, what, more) {
  printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" font-size=\"%d\" fill=\"%s\"%s>%s</text>\n", x, y, anchor, size, fill, more, what
}
BEGIN { FS = ","; left = 78; right = 684; top = 74; bottom = 372; ink = "#727a85"; faint = "#8b949e" }
FNR == 1 { next }
{
  m = $1; if (!(m in count)) order[++methods] = m
  i = ++count[m]; step[m, i] = $2; mid[m, i] = $3; low[m, i] = $4; high[m, i] = $5; seeds[m] = $6
  if ($2 + 0 > far) far = $2 + 0
  if (!least || $4 + 0 < least) least = $4 + 0
  if ($5 + 0 > most) most = $5 + 0
}
END {
  if (far <= 0) exit 1
  lo = int(log10(least) * 10 - 1) / 10; hi = int(log10(most) * 10 + 1.99) / 10
  colour["plain"] = "#2f81f7"; colour["momentum"] = "#e5730f"
  name["plain"] = "plain descent"; name["momentum"] = "momentum 0.9"
  print "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 450\" width=\"720\" height=\"450\" font-family=\"Helvetica, Arial, DejaVu Sans, sans-serif\" role=\"img\">"
  print "<title>Loss against gradient steps</title>"
  print "<desc>Two methods on a noisy quadratic; drawn from results/curves.csv by a scripted stand-in, not a model.</desc>"
  text(left, 30, "start", 18, ink, "Loss against gradient steps, noisy quadratic", " font-weight=\"bold\"")
  # grid and axes
  for (e = -6; e <= 3; e++) for (j = 1; j <= 5; j += (j == 1 ? 1 : 3)) {
    y = j; for (i = 0; i < e; i++) y *= 10; for (i = 0; i > e; i--) y /= 10
    if (log10(y) < lo - 0.0001 || log10(y) > hi + 0.0001) continue
    printf "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"%s\" stroke-opacity=\"%s\"/>\n", left, right, py(y), py(y), faint, (j == 1 ? "0.45" : "0.2")
    text(left - 9, py(y) + 4.5, "end", 13, ink, y "")
  }
  gap = far > 120 ? 50 : 10
  for (k = 0; k <= far; k += gap) {
    printf "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\" stroke=\"%s\"/>\n", px(k), px(k), bottom, bottom + 5, faint
    text(px(k), bottom + 20, "middle", 13, ink, k)
  }
  printf "<path d=\"M%d %dV%dH%d\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.2\"/>\n", left, top, bottom, right, faint
  text((left + right) / 2, bottom + 42, "middle", 14, ink, "gradient steps")
  text(24, (top + bottom) / 2, "middle", 14, ink, "loss (log scale)", sprintf(" transform=\"rotate(-90 24 %d)\"", (top + bottom) / 2))
  if (crossing > 0) {
    printf "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\" stroke=\"%s\" stroke-dasharray=\"5 5\"/>\n", px(crossing), px(crossing), top, bottom, faint
    text(px(crossing) + 8, top + 32, "start", 13, ink, "the curves cross at step " crossing)
  }
  # bands first, so that no line is under one
  for (o = 1; o <= methods; o++) {
    m = order[o]; if (seeds[m] < 3) continue
    d = ""
    for (i = 1; i <= count[m]; i++) d = d sprintf("%s%.1f %.1f", (i == 1 ? "M" : "L"), px(step[m, i]), py(high[m, i]))
    for (i = count[m]; i >= 1; i--) d = d sprintf("L%.1f %.1f", px(step[m, i]), py(low[m, i]))
    printf "<path d=\"%sZ\" fill=\"%s\" fill-opacity=\"0.2\"/>\n", d, colour[m]
    bands = 1
  }
  for (o = 1; o <= methods; o++) {
    m = order[o]; d = ""
    for (i = 1; i <= count[m]; i++) d = d sprintf("%s%.1f %.1f", (i == 1 ? "M" : "L"), px(step[m, i]), py(mid[m, i]))
    printf "<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2.4\" stroke-linejoin=\"round\"/>\n", d, colour[m]
    x = left + (o - 1) * 210
    printf "<line x1=\"%d\" x2=\"%d\" y1=\"52\" y2=\"52\" stroke=\"%s\" stroke-width=\"4\"/>\n", x, x + 26, colour[m]
    text(x + 34, 56.5, "start", 13, ink, sprintf("%s, %d seed%s", name[m], seeds[m], (seeds[m] == 1 ? "" : "s")))
  }
  text(right, 440, "end", 11, ink, (bands ? "line: geometric mean, band: 10 to 90 % of seeds. " : "") "Scripted stand-in, not a model.")
  print "</svg>"
}'

# experiment PLAIN_STEPS MOMENTUM_STEPS SEEDS: writes both csv files anew
experiment() {
  bash_tool "Run both methods" "mkdir -p results
[ -s output.log ] || printf 'output of a scripted stand-in, not of a model\\n' >output.log
printf 'method,seed,steps,loss_at_50,final_loss,source\\n' >results/runs.csv
printf 'method,step,loss,low,high,seeds,source\\n' >results/curves.csv
awk -v method=plain -v beta=0 -v rate=0.1 -v noise=0.1 -v steps=$1 -v seeds=$3 -v runs=results/runs.csv -v curves=results/curves.csv -f code/descent.awk 2>&1 | tee -a output.log
awk -v method=momentum -v beta=0.9 -v rate=0.1 -v noise=0.1 -v steps=$2 -v seeds=$3 -v runs=results/runs.csv -v curves=results/curves.csv -f code/descent.awk 2>&1 | tee -a output.log"
}
summarise_data() {
  bash_tool "Summarise the data" "awk -f code/summary.awk results/runs.csv results/curves.csv | tee results/numbers.txt"
}
write_code() {
  write_tool code/descent.awk "$EXPERIMENT"
  write_tool code/summary.awk "$SUMMARY"
}
# A step may be run alone, in a folder where the earlier ones left nothing.
need_data() {
  [ -s results/runs.csv ] && [ -s code/summary.awk ] && return
  say_next "There are no results here yet, so I make them first."
  write_code
  experiment 300 300 20
}
# Each number becomes a variable n_NAME; what is no number or word of ours is none. Then the texts that are made
# of them: $interval, $statement, $table.
numbers=
load_numbers() { # first | final
  for key in $numbers; do unset "n_$key"; done
  numbers=
  while IFS='=' read -r key value; do
    case $key in '' | *[!a-z_]*) continue ;; esac
    case $value in '' | *[!a-z0-9.-]*) continue ;; esac
    eval "n_$key=\$value"
    numbers="$numbers $key"
  done <<EOF
$(awk -f code/summary.awk results/runs.csv results/curves.csv 2>/dev/null)
EOF
  table="| method | seeds | gradient steps | loss at step 50 | final loss | s.d. over seeds |
|---|---|---|---|---|---|
| plain descent | ${n_plain_seeds:-?} | ${n_plain_steps:-?} | ${n_plain_early:-?} | ${n_plain_loss:-?} | ${n_plain_sd:--} |
| momentum 0.9 | ${n_momentum_seeds:-?} | ${n_momentum_steps:-?} | ${n_momentum_early:-?} | ${n_momentum_loss:-?} | ${n_momentum_sd:--} |"
  if [ -z "${n_low:-}" ]; then
    interval='one pair of runs, so there is no interval'
  else
    interval="95 % interval $n_low to ${n_high:-?}, ${n_pairs:-?} paired seeds"
  fi
  case ${n_verdict:-?} in
    supported) claim='Momentum ends lower than plain descent' ;;
    refuted) claim='Momentum does not end lower than plain descent; it ends higher' ;;
    *)
      claim='The data do not show which method ends lower'
      # An author who sees only one run would say this; the review will not let it pass.
      case ${1:-final}${n_low:-?}${n_ratio:-?} in
        final* | first'??') ;;
        first'?0'*) claim='Momentum ends lower than plain descent' ;;
        first'?'*) claim='Momentum ends higher than plain descent' ;;
      esac ;;
  esac
  statement="$claim: final loss ${n_momentum_loss:-?} against ${n_plain_loss:-?}, ratio ${n_ratio:-?} ($interval)."
}

# ------------------------------------------------------------------------------------------------ the idea

# Untrusted text. It is cut to a length, loses its control characters, and stands in the files as an indented
# block, where Markdown and HTML are only characters.
whole_bytes() { # LIMIT TEXT: how many bytes to keep so that no UTF-8 character is cut in two
  [ ${#2} -gt "$1" ] || { echo ${#2}; return; }
  printf '%s' "$2" | head -c $(($1 + 4)) | od -An -v -tu1 | awk -v limit="$1" '
    { for (i = 1; i <= NF; i++) { if (total <= limit && ($i < 128 || $i >= 192)) whole = total; total++ } }
    END { print (total <= limit ? total : whole + 0) }'
}
show_idea() {
  [ -n "$idea" ] || [ ! -f idea.txt ] || idea=$(head -c 20000 idea.txt | tr -d '\000')
  [ -n "$idea" ] || idea='(the prompt holds no idea)'
  # A short line as most ideas are needs none of this.
  whole=
  [ ${#idea} -gt 80 ] || whole=1
  case $idea in *[!\ -~]*) whole= ;; esac
  if [ -n "$whole" ]; then
    idea_line=$idea idea_block="    $idea"
  else
    shown=$(printf '%s' "$idea" | head -c "$(whole_bytes 2000 "$idea")" | tr -d '\001-\010\013-\037\177')
    [ "$shown" = "$idea" ] || shown="$shown [...]"
    idea_block=$(printf '%s\n' "$shown" | sed 's/^/    /')
    idea_line=$(printf '%s' "$shown" | tr '\n\t' '  ' | head -c "$(whole_bytes 80 "$shown")")
  fi
}

# ------------------------------------------------------------------------------------------------ the steps

write_findings() { # first | final
  load_numbers "$1"
  write_tool findings.md "# Findings

*By a $WHO. It cannot work on an idea; it always runs the same small experiment.*

The idea as it was given:

$idea_block

## Question

Does momentum (0.9, same rate 0.1) end at a lower loss than plain gradient descent when the gradient is noisy?

## Result

$statement

$table

Ratios are momentum / plain, as geometric means; below 1 momentum is better. The final loss is the mean of the last 20 steps.

## How to repeat it

The code is in \`code/\`; the data are \`results/runs.csv\` (one line per run) and \`results/curves.csv\`; every command is in the log."
}

step_research() {
  show_idea
  say "I am a $WHO. I was asked for: \"$idea_line\" (${#idea} bytes). I cannot work on that; I run a small experiment of my own instead, with real numbers."
  grep -q '^## Plan' progress.md 2>/dev/null || write_tool progress.md "# Progress

*By a $WHO.*

## Plan

1. Write the experiment: plain and momentum descent on a noisy quadratic
2. Run both, keep every run in results/
3. Summarise, write findings.md

## Log
"
  say_next "The experiment and its summary are two small awk programs."
  write_code
  experiment 60 300 1
  summarise_data
  write_findings first
  log_progress "research: both methods run, findings.md written"
  finish "$statement Written to findings.md. (I am a $WHO.)"
}

# Looks at the data only, not at the round: with a repaired experiment even the first review is clear.
critical() { # WHAT EVIDENCE SETTLE: one more issue of the structured answer
  quote "$1"
  what=$quoted
  quote "$2"
  evidence=$quoted
  quote "$3"
  settle=$quoted
  answer="$answer${answer:+,}{\"what\":$what,\"where\":\"results/runs.csv\",\"evidence\":$evidence,\"settle\":$settle}"
}

step_review() {
  need_data
  say_next "I check the data, not the text: how many runs has each method, and with what budget?"
  bash_tool "Count seeds and gradient steps in the data" "awk -F, 'NR > 1 { seeds[\$1]++; steps[\$1] = \$3 } END { for (m in seeds) printf \"%s: %d seeds, %d gradient steps each\\n\", m, seeds[m], steps[m] }' results/runs.csv"
  load_numbers
  p=${n_plain_steps:-0} m=${n_momentum_steps:-0} s=${n_pairs:-0}
  bash_tool "Repeat one run and compare with the data" "awk -v method=plain -v beta=0 -v rate=0.1 -v noise=0.1 -v steps=$p -v seeds=1 -v runs=/dev/null -v curves=/dev/null -f code/descent.awk
grep '^plain,1,' results/runs.csv"
  again=
  case $output in *'final loss '*) again=${output##*'final loss '} again=${again%%"$NEWLINE"*} ;; esac
  kept=$(awk -F, '$1 == "plain" && $2 == 1 { printf "%.5f", $5 }' results/runs.csv)
  issues=
  answer=
  if [ "$p" -ne "$m" ]; then
    critical "Unequal budgets: momentum had $m gradient steps, plain descent $p." "the steps in the data: $m and $p" "both methods with the same number of steps"
    issues="- **Unequal budgets.** Momentum had $m gradient steps, plain descent $p. The difference in the final loss can come from the budget alone. Run both with the same number of steps.
"
  fi
  if [ "$s" -lt 5 ]; then
    critical "Too few seeds: the claim rests on $s paired run(s), so nothing is known about the spread." "the seeds in the data: $s pair(s)" "at least 20 seeds for both methods"
    issues="$issues- **Too few seeds.** The claim rests on $s paired run(s), so nothing is known about the spread. Use at least 20 seeds for both methods.
"
  fi
  if [ "$again" != "$kept" ]; then
    critical "Not reproducible: seed 1 of plain descent gives $again now, the data say $kept." "the run was repeated" "the same command with the same number twice"
    issues="$issues- **Not reproducible.** Seed 1 of plain descent gives $again now, the data say $kept.
"
  fi
  if [ -n "$issues" ]; then
    verdict_text=${issues%?}
    short="$(printf '%s' "$issues" | grep -c '^- ') critical issues"
    case $short in '1 '*) short=${short%s} ;; esac
  else
    verdict_text='NO CRITICAL ISSUES'
    short='no critical issue'
  fi
  write_tool "red_team_round_$round.md" "# Red-team review, round $round

*By a $WHO; it checks only what its script can check.*

## What I checked

| check | found |
|---|---|
| gradient steps, plain / momentum | $p / $m |
| paired seeds | $s |
| seed 1 of plain descent, repeated | $again (data: $kept) |

## Minor remarks

- One problem, one rate, one momentum: the result says nothing about other settings.
- The same rate for both methods is a choice; a tuned rate for each could end differently.

## Critical issues

$verdict_text"
  log_progress "red team round $round: $short"
  finish "Review $round done: $short. (I am a $WHO.)" "{\"critical_issues\":[$answer]}"
}

step_fix() {
  need_data
  show_idea
  review=red_team_round_$round.md
  bash_tool "Read the critical issues" "sed -n '/^## Critical issues/,\$p' '$review'"
  load_numbers
  old_ratio=${n_ratio:-?} old_plain=${n_plain_loss:-?} old_momentum=${n_momentum_loss:-?}
  old_budget="${n_plain_steps:-?} / ${n_momentum_steps:-?}" old_seeds=${n_pairs:-?}
  bash_tool "Keep the data of the reviewed version" "cp results/runs.csv results/runs_before_fix_$round.csv"
  say_next "Both methods again, with the same 300 gradient steps and 20 seeds."
  experiment 300 300 20
  summarise_data
  write_findings final
  write_tool "fixes_round_$round.md" "# Fixes after review $round

*By a $WHO; it can repair budgets and seeds, nothing else.*

Both methods now have the same budget and the same 20 seeds. All runs were made again; the earlier data are kept in
\`results/runs_before_fix_$round.csv\`.

| | before | after |
|---|---|---|
| gradient steps, plain / momentum | $old_budget | ${n_plain_steps:-?} / ${n_momentum_steps:-?} |
| paired seeds | $old_seeds | ${n_pairs:-?} |
| final loss, plain | $old_plain | ${n_plain_loss:-?} |
| final loss, momentum | $old_momentum | ${n_momentum_loss:-?} |
| ratio momentum / plain | $old_ratio | ${n_ratio:-?} |

\`findings.md\` is rewritten with the new numbers."
  log_progress "fix round $round: equal budgets, 20 seeds, findings.md rewritten"
  finish "Fixed: the ratio momentum / plain was $old_ratio and is ${n_ratio:-?} with equal budgets. (I am a $WHO.)"
}

# One line per review, from the reviews themselves.
reviews() {
  i=1
  while [ -f "red_team_round_$i.md" ]; do
    awk -v i="$i" '
      /^## Critical issues/ { on = 1; next }
      on && /^- / { count++ }
      on && /^NO CRITICAL ISSUES/ { clear = 1 }
      END { printf "- Round %d: %s", i, (count ? count " critical issue" (count == 1 ? "" : "s") : (clear ? "no critical issue" : "unclear")) }' "red_team_round_$i.md"
    if [ -f "fixes_round_$i.md" ]; then
      printf '; answered in `fixes_round_%d.md`' "$i"
    fi
    printf '\n'
    i=$((i + 1))
  done
  [ "$i" -gt 1 ] || printf -- '- There was no review.\n'
}

effect_of_fix() {
  [ -f results/runs_before_fix_1.csv ] || return 0
  was=$(awk -F, 'NR > 1 { sum[$1] += $5; n[$1]++ } END { if (n["plain"] && n["momentum"]) printf "%.2f", (sum["momentum"] / n["momentum"]) / (sum["plain"] / n["plain"]) }' results/runs_before_fix_1.csv)
  printf '\nBefore the first fix the ratio momentum / plain was %s; now it is %s.\n' "$was" "${n_ratio:-?}"
}

judge() { # answers in $fairness and $reading
  if [ "${n_plain_steps:-?}" = "${n_momentum_steps:-?}" ] && [ "${n_pairs:-0}" -ge 5 ]; then
    fairness="The comparison is fair in the two points that were reviewed: both methods had ${n_plain_steps:-?} gradient steps, on $n_pairs paired seeds."
  else
    fairness="Nothing can be concluded: gradient steps ${n_plain_steps:-?} / ${n_momentum_steps:-?}, paired seeds ${n_pairs:-?}."
  fi
  if [ -n "${n_crossing:-}" ]; then
    reading="Momentum is faster at first (loss ${n_momentum_early:-?} against ${n_plain_early:-?} at step 50), but its curve crosses at about step $n_crossing: with the same rate it takes
larger steps in effect, so it settles on a higher floor of noise."
  else
    reading="At step 50 the loss is ${n_momentum_early:-?} with momentum and ${n_plain_early:-?} without."
  fi
}

step_report() {
  need_data
  show_idea
  summarise_data
  load_numbers
  judge
  write_tool code/figure.awk "$FIGURE"
  bash_tool "Draw the figure from the data" "awk -v crossing=${n_crossing:-0} -f code/figure.awk results/curves.csv >results/figure.svg && wc -c results/figure.svg"
  unit='"unit":"loss","better":"lower"'
  write_tool results/metrics.json "{
  \"v\": 1,
  \"metrics\": [
    {\"name\":\"loss_ratio_momentum_to_plain\",\"value\":${n_ratio:-null},\"unit\":\"ratio\",\"better\":\"lower\",\"n\":${n_pairs:-0}${n_spread:+,\"spread\":$n_spread}},
    {\"name\":\"final_loss_momentum\",\"value\":${n_momentum_loss:-null},$unit,\"n\":${n_momentum_seeds:-0}${n_momentum_sd:+,\"spread\":$n_momentum_sd}},
    {\"name\":\"final_loss_plain\",\"value\":${n_plain_loss:-null},$unit,\"n\":${n_plain_seeds:-0}${n_plain_sd:+,\"spread\":$n_plain_sd}}
  ],
  \"made_by\": \"$WHO\"
}"
  write_tool report.md "# Momentum on a noisy quadratic

*This report was written by a $WHO. Its numbers are real: they were computed in this folder. It does not
answer the idea below; it always reports the same small experiment.*

**Result.** $statement

## Objective

The idea as it was given:

$idea_block

What was done instead: find out whether momentum ends at a lower loss than plain gradient descent when every gradient is noisy.

## Methodology

- A quadratic in six directions with curvatures from 0.02 to 1; every gradient component carries noise with standard deviation 0.1.
- Plain descent and momentum 0.9, both with rate 0.1, from the same start, with the same noise for the same seed (so runs are paired).
- Final loss: the mean of the last 20 steps. Ratio: geometric mean over pairs, with a 95 % interval from the spread of the pairs.

## Results

$table

Ratio momentum / plain: **${n_ratio:-?}** ($interval).

![Loss against gradient steps for both methods](results/figure.svg)

$reading

## Red-team feedback

$(reviews)
$(effect_of_fix)

## Conclusions

- Verdict on \"momentum ends lower\": **${n_verdict:-?}** (confidence ${n_confidence:-?}).
- $fairness

## Limitations

- One problem, one rate, one momentum. With a rate tuned for each method the order could change.
- Author and reviewer are the same script, and the flaw which the first review finds was planted by it.
- No PDF: the stand-in cannot typeset."
  log_progress "report: report.md, results/figure.svg, results/metrics.json"
  finish "report.md is written, with a figure and metrics. $statement (I am a $WHO.)"
}

step_summarize() {
  need_data
  load_numbers
  write_tool summary.txt "A scripted stand-in (not a model) compared momentum with plain gradient descent on a noisy quadratic (paired seeds: ${n_pairs:-?}; gradient steps: ${n_plain_steps:-?} / ${n_momentum_steps:-?}). $statement Verdict on \"momentum ends lower\": ${n_verdict:-?}, confidence ${n_confidence:-?}."
  write_tool finding.json "{
  \"v\": 1,
  \"verdict\": \"${n_verdict:-?}\",
  \"confidence\": ${n_confidence:-0},
  \"statement\": \"By a $WHO. $statement\",
  \"numbers\": {\"final_loss_momentum\": ${n_momentum_loss:-null}, \"final_loss_plain\": ${n_plain_loss:-null}, \"ratio\": ${n_ratio:-null}, \"paired_seeds\": ${n_pairs:-0}}
}"
  log_progress "summarize: summary.txt and finding.json"
  finish "$(cat summary.txt 2>/dev/null || printf '%s\n' "$statement")"
}

idea_text() { # NUMBER: one of many ideas that differ in more than a number
  case $1 in
    0) echo "Measure whether a smaller learning rate removes the noise floor of momentum descent at an equal number of gradient steps." ;;
    1) echo "Compare Nesterov acceleration with heavy-ball velocity when every coordinate carries independent Gaussian disturbance." ;;
    2) echo "Test if averaging the final iterates (Polyak tail averaging) lowers final loss below plain descent." ;;
    3) echo "Find out how sensitive convergence becomes once curvature spans three orders instead of two." ;;
    4) echo "Check what cosine decay schedules buy over constant step sizes under heavy-tailed perturbations." ;;
    5) echo "Examine mini-batch doubling halfway: does variance reduction beat longer training for fixed compute?" ;;
    6) echo "Evaluate sign-based updates against raw gradients for badly scaled problems with outliers." ;;
    *) echo "Determine whether restarting velocity at loss increases shortens transients without hurting stationarity." ;;
  esac
}

# One idea, as the answer that the schema asks for. Which one depends on how many there were.
step_idea() {
  earlier=$(printf '%s\n' "$prompt" | sed -n '/^## Earlier ideas/,/^## Task/s/^- \([^ ]*\) (.*/\1/p')
  count=$(printf '%s\n' "$earlier" | grep -c .)
  again=$(printf '%s\n' "$prompt" | grep -c '^## Your last idea was rejected')
  count=$((count + again))
  found=$(idea_text $((count % 8)))
  [ "$count" -lt 8 ] || found="$found $(idea_text $(((count / 8 + count) % 8)))"
  builds_on=null
  if [ -n "$earlier" ]; then
    quote "${earlier%%"$NEWLINE"*}"
    builds_on=$quoted
  fi
  quote "$found"
  finish "Scripted stand-in, not a model: idea number $((count + 1))." "{\"idea\":$quoted,\"why\":\"A $WHO takes the next idea of its list.\",\"builds_on\":$builds_on}"
}

# Two tasks, whatever the goal is.
step_plan() {
  quote "$(idea_text 0)"
  first=$quoted
  quote "$(idea_text 1)"
  second=$quoted
  finish "Scripted stand-in, not a model: a plan of two tasks." "{\"tasks\":[{\"key\":\"baseline\",\"idea\":$first,\"priority\":\"p0\"},{\"key\":\"next\",\"idea\":$second,\"needs\":[{\"key\":\"baseline\",\"on\":\"done\"}]}]}"
}

# A follow-up: adds a line to the report and says so.
step_tweak() {
  file=$(printf '%s\n' "$prompt" | sed -n 's/.*`\(tweak_sp-[0-9a-f]*[.]md\)`.*/\1/p' | sed -n 1p)
  asked=$(printf '%s\n' "$prompt" | awk '/^<instruction>/ { on = 1; next } /^<\/instruction>/ { exit } on { print "    " $0 }' | head -c 2000)
  bash_tool "Add a line to the report" "printf '\\nA follow-up was asked for; a scripted stand-in can only note it here.\\n' >>report.md && tail -n 1 report.md"
  write_tool "${file:-tweak.md}" "# Follow-up

*By a $WHO. It cannot follow an instruction; it adds one line to \`report.md\`.*

Asked for:

$asked"
  log_progress "tweak: a line in report.md"
  finish "A line was added to report.md. (I am a $WHO.)"
}

# The runner names the files that a step promised and did not leave; each belongs to one step.
step_repair() {
  missing=$(printf '%s\n' "$prompt" | sed -n '/^## Missing/,/^## [^M]/s/^- *`\{0,1\}\([^`]*\)`\{0,1\} *$/\1/p')
  for name in red_team_round fixes_round findings.md progress.md results/metrics.json report summary.txt finding.json; do
    found=$(printf '%s\n' "$missing" | grep -F -- "$name" | sed -n 1p)
    [ -n "$found" ] || continue
    round=$(printf '%s\n' "$found" | sed -n 's/.*_round_\([0-9]*\)[.]md$/\1/p')
    round=${round:-1}
    case $name in
      red_team_round) step_review ;;
      fixes_round) step_fix ;;
      findings.md | progress.md) step_research ;;
      results/metrics.json | report) step_report ;;
      *) step_summarize ;;
    esac
  done
  finish "I know none of the missing files, so I wrote none. (I am a $WHO.)"
}

# ------------------------------------------------------------------------------------------------------ go

# The step stands in the first such line; only the continue prompt carries a second one, of the original step.
# Behind it stands the idea.
said=$(printf '%s\n' "$prompt" | awk '
  { line = $0; gsub(/\r/, "", line) }
  line ~ /^# Step:/ && steps < 2 { sub(/^# Step: */, "", line); step[++steps] = line }
  over { next }
  !on { if ($0 ~ /^## Idea[ \t\r]*$/) on = 1; next }
  !started && $0 ~ /^[ \t\r]*$/ { next }
  !started && $0 ~ /^<idea>[ \t\r]*$/ { tag = 1; started = 1; next }
  tag && $0 ~ /^<\/idea>[ \t\r]*$/ { over = 1; next }
  !tag && $0 ~ /^## / { over = 1; next }
  { started = 1; idea = idea $0 "\n" }
  END { print (step[1] ~ /^continue/ ? step[2] : step[1]); printf "%s", idea }')
step_line=${said%%"$NEWLINE"*}
idea=
[ "$said" = "$step_line" ] || idea=${said#"$step_line$NEWLINE"}
step=${step_line%%[!a-z_]*}
round=1
case $step_line in *'(round '[0-9]*) round=${step_line##*'(round '} round=${round%%[!0-9]*} ;; esac
round=${round:-1}
quote "$here"
where=$quoted
quote "$mode"
mode=$quoted

look_at_clock
started=$ms
fresh_uuid
emit "{\"type\":\"system\",\"subtype\":\"init\",\"cwd\":$where,\"session_id\":\"$session\",\"tools\":[\"Bash\",\"Write\"],\"mcp_servers\":[],\"model\":\"$MODEL\",\"permissionMode\":$mode,\"slash_commands\":[],\"apiKeySource\":\"none\",\"claude_code_version\":\"$VERSION\",\"output_style\":\"default\",\"agents\":[],\"skills\":[],\"plugins\":[],\"uuid\":\"$uuid\",\"original_cwd\":$where}"

case $step in
  research) step_research ;;
  red_team) step_review ;;
  fix) step_fix ;;
  report) step_report ;;
  summarize) step_summarize ;;
  repair) step_repair ;;
  idea) step_idea ;;
  tweak) step_tweak ;;
  plan) step_plan ;;
  *) finish "I am a $WHO, and I have no script for this step (${step_line:-the prompt names none}). I did nothing." ;;
esac
