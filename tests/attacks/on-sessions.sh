# shellcheck shell=bash
# shellcheck disable=SC2016,SC2034  # texts of programs that others run; values that lib.sh uses
# Attacks on what is believed of the agent's own program: sessions that are over, and a program that does not begin, waits
# for nobody, or asks where nobody reads. A function each; the comment above one is what is shown of it.

# agent: standard input becomes a part of a program (python) that plays Claude for the project, after "site". In it:
#   step, again (the step was begun before), repair, resumed, sid, dir, say(text), result(text, **more), init(), work(), before(word): true once
agent() {
  mkdir -p "$A/agent"
  {
    cat <<'PY'
#!/usr/bin/env python3
import json, os, re, sys, time, uuid
args = sys.argv[1:]
if "--version" in args: print("2.1.332 (Claude Code)"); sys.exit(0)
if args[:1] == ["auth"]: print('{"loggedIn":true}'); sys.exit(0)
home = os.path.dirname(os.path.abspath(sys.argv[0]))
prompt = sys.stdin.read()
heads = re.findall(r"^# Step: *([a-z_]+)", prompt, re.M)
again, repair = heads[:1] == ["continue"], heads[:1] == ["repair"]
step = heads[1] if again and len(heads) > 1 else (heads[0] if heads else "?")
resumed = "--resume" in args
sid = next((args[args.index(flag) + 1] for flag in ("--session-id", "--resume") if flag in args), "")
dir = os.getcwd()
marks = os.environ["ATTACK_MARKS"]
def note(name, text):
    with open(os.path.join(marks, name), "a") as file: file.write(text + "\n")
note("calls", json.dumps({"step": step, "again": again, "repair": repair, "sid": sid, "resumed": resumed, "args": args, "prompt": prompt}))
def before(word):
    path = os.path.join(marks, "before-" + word)
    if os.path.exists(path): return False
    open(path, "w").close(); return True
def put(name, text):
    os.makedirs(os.path.dirname(os.path.join(dir, name)), exist_ok=True)
    with open(os.path.join(dir, name), "w") as file: file.write(text)
def emit(event): print(json.dumps(event), flush=True)
def init(session=None): emit({"type": "system", "subtype": "init", "session_id": session or sid, "tools": ["Bash", "ScheduleWakeup", "Write"], "model": "claude-opus-5-5", "apiKeySource": "none", "claude_code_version": "2.1.332"})
def say(text, **more): emit({"type": "assistant", "message": {"id": "msg_" + uuid.uuid4().hex[:8], "model": "claude-opus-5-5", "content": [{"type": "text", "text": text}], "usage": {"input_tokens": 10, "output_tokens": 1}}, "session_id": sid, **more})
def use(tool, given, back):
    at = "toolu_" + uuid.uuid4().hex[:8]
    emit({"type": "assistant", "message": {"id": "msg_" + at, "model": "claude-opus-5-5", "content": [{"type": "tool_use", "id": at, "name": tool, "input": given}], "usage": {"input_tokens": 10, "output_tokens": 1}}, "session_id": sid})
    emit({"type": "user", "message": {"role": "user", "content": [{"type": "tool_result", "tool_use_id": at, "content": back, "is_error": False}]}, "session_id": sid})
def result(text="done", code=0, **more):
    emit({"type": "result", "subtype": "success", "is_error": False, "result": text, "num_turns": 1, "stop_reason": "end_turn", "terminal_reason": "completed", "total_cost_usd": 0.01, "usage": {"input_tokens": 10, "output_tokens": 1}, "permission_denials": [], "api_error_status": None, "session_id": sid, **more})
    sys.exit(code)
def work():
    if step == "research" or repair and not os.path.exists(os.path.join(dir, "findings.md")): put("findings.md", "# Findings\n\nIt works.\n")
    elif step == "report": put("report.md", "# Report\n\nIt works.\n")
    elif step == "summarize":
        put("summary.txt", "It works.\n"); put("finding.json", json.dumps({"v": 1, "verdict": "supported", "confidence": 0.8, "statement": "It works."}))
    elif step == "tweak": put(re.findall(r"tweak_[\w-]+\.md", prompt)[0], "# Tweak\n\nDone.\n")
def usual(): init(); work(); say("done"); result()
PY
    cat
    echo 'usual()'
  } >"$A/agent/claude"
  chmod 755 "$A/agent" "$A/agent/claude"
  sed -i "s|^claude_command = .*|claude_command = [\"$A/agent/claude\"]|" "$A/project/researchloop.toml"
}
session_calls() { jq -rs "$1" "$A/marks/calls" 2>/dev/null; }
why() { rl --json sprint show "$ID" 2>>"$A/log" | jq -r '.sprint | "\(.error // "") \(.hint // "")"'; }
short() { how | tr '\n' ' '; why | cut -c1-"${1:-150}"; }

# the model's safety filter stops one conversation for good; a new one works
attack_refused_session() {
  site local
  agent <<'PY'
poisoned = os.path.join(marks, "poison-" + sid)
if step == "research" and before("poison") or os.path.exists(poisoned):
    open(poisoned, "w").close()
    init()
    emit({"type": "system", "subtype": "model_refusal_no_fallback", "original_model": "claude-opus-5-5", "content": "", "session_id": sid})
    emit({"type": "assistant", "message": {"id": "x", "model": "<synthetic>", "stop_reason": "refusal", "content": [{"type": "text", "text": "API Error: the safeguards flagged this message"}]}, "error": "invalid_request", "is_api_error_message": True, "session_id": sid})
    result("API Error: the safeguards flagged this message", 1, is_error=True, stop_reason="refusal", terminal_reason="api_error")
PY
  run_sprint 'an idea' && ticks_until_over 60
  if [[ $(show status) == completed ]]; then right "$(how), after a new session"; else wrong "$(short)"; fi
}

# a request that the service does not take, at each call of a session that holds too large a picture
attack_invalid_session() {
  site local
  agent <<'PY'
large = os.path.join(marks, "large-" + sid)
if step == "report" and before("large") or os.path.exists(large):
    open(large, "w").close()
    init(); result("API Error: 400 messages.3.content.0.image: image exceeds 5 MB maximum", 1, is_error=True, terminal_reason="api_error", api_error_status=400, api_error_type="invalid_request_error")
PY
  run_sprint 'an idea' && ticks_until_over 60
  if [[ $(show status) == completed ]]; then right "$(how), after a new session"; else wrong "$(short)"; fi
}

# a resumed call names an id that nobody can go on with, and a follow-up asks for the session
attack_session_id() {
  site local
  agent <<'PY'
known = os.path.join(marks, "known-" + sid)
if resumed and not os.path.exists(known):
    sys.stderr.write("No conversation found with session ID: %s\n" % sid)
    result(None, 1, subtype="error_during_execution", is_error=True, errors=["No conversation found with session ID: " + sid], num_turns=0, terminal_reason="")
open(known, "w").close()
if resumed: init(str(uuid.uuid4())); work(); result()
PY
  run_sprint 'an idea' && ticks_until_over 60
  ID=$(rl --json sprint tweak "$ID" 'one thing more' 2>>"$A/log" | jq -r .sprint_id)
  ticks_until_over 60
  local begun; begun=$(session_calls '[.[] | select(.resumed | not)] | length')
  if [[ $(show status) == completed && $begun == 1 ]]; then right "one session from the first step to the follow-up"; else wrong "$(how); $begun sessions were begun"; fi
}

# the agent schedules a wake-up, leaves a draft and ends its turn
attack_wakeup() {
  site local
  agent <<'PY'
if step == "research" and before("wait"):
    init(); put("findings.md", "DRAFT"); put(".claude/scheduled_tasks.json", "[]")
    use("ScheduleWakeup", {"delaySeconds": 3600, "prompt": "finish"}, "Next wakeup scheduled"); result("I have scheduled a wake-up and finish then.")
if repair: put("findings.md", "FINAL")
PY
  run_sprint 'an idea' && ticks_until_over 60
  local dir found left=; dir=$(show remote_dir); found=$(cat "$dir/findings.md" 2>/dev/null); [[ ! -e $dir/.claude/scheduled_tasks.json ]] || left=', and its schedule stays'
  if [[ $found == FINAL && -z $left ]]; then right "$(how), findings.md is final"; else wrong "$(how), findings.md: $found$left"; fi
}

# tools that need a person are not offered, and the agent is told its directory
attack_offered() {
  site local
  agent <<<''
  run_sprint 'an idea' && ticks_until_over 60
  local bad; bad=$(session_calls "[.[] | select((.args | index(\"--disallowedTools\") as \$at | if \$at == null then \"\" else .[\$at + 1] end | test(\"ScheduleWakeup\")) and (.args | join(\" \") | contains(\"$(show remote_dir)\")) | not)] | length")
  if [[ $bad == 0 ]]; then right "none of $(session_calls length) calls"; else wrong "$bad of $(session_calls length) calls offer a timer or do not name the directory"; fi
}

# the first call says nothing at all; a second one would work
attack_silent_start() {
  site local RESEARCHLOOP_FIRST_EVENT_SECONDS=3
  agent <<'PY'
if before("hang"): time.sleep(100000)
PY
  run_sprint 'an idea' --time 40s && ticks_until_over 100
  if [[ $(show status) == completed ]]; then right "$(how)"; else wrong "$(short)"; fi
}

# no call says anything: not the time is to blame
attack_silent_for_good() {
  site local RESEARCHLOOP_FIRST_EVENT_SECONDS=3
  agent <<<'time.sleep(100000)'
  run_sprint 'an idea' --time 40s && ticks_until_over 100
  if [[ $(show reason) == model_error && $(why) == *'nothing heard from Claude since'* && $(why) != *--time* ]]; then right "$(short)"; else wrong "$(short)"; fi
}

# the program's settings are cut off for a moment: it ends before its first event
attack_settings_cut() {
  site local
  agent <<'PY'
if step == "report" and before("cut"):
    error = "Configuration error in /home/me/.claude.json: JSON Parse error: Unexpected EOF"
    sys.stderr.write("\n" + error + "\nNo backup of this file was found.\nFix the JSON in /home/me/.claude.json, or move the file aside.\n")
    emit({"type": "result", "subtype": "error_during_execution", "is_error": True, "num_turns": 0, "session_id": str(uuid.uuid4()), "total_cost_usd": 0, "errors": [error], "startup_failure_reason": "config_file_invalid"}); sys.exit(1)
PY
  run_sprint 'an idea' && ticks_until_over 60
  local begun; begun=$(session_calls '[.[] | select(.resumed | not)] | length')
  if [[ $(show status) == completed && $begun == 1 ]]; then right "$(how), in the same session"; else wrong "$(how), $begun sessions; $(why | cut -c1-100)"; fi
}

# no memory under a limit of virtual memory, on Grid Engine
attack_virtual_memory() {
  site sge
  cat >>"$A/project/researchloop.toml" <<<'job_options = { l = "h_vmem=4G" }'
  agent <<'PY'
import resource
if resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY:
    sys.stderr.write("node:internal/x:5829\n      return await WebAssembly.instantiate(mod, {\n             ^\n\nRangeError: WebAssembly.instantiate(): Out of memory: Cannot allocate Wasm memory for new instance\n    at lazyllhttp (node:internal/x:5829:32)\n\nNode.js v22.13.0\n"); sys.exit(1)
PY
  run_sprint 'an idea' && ticks_until_over 120
  if [[ $(show reason) == out_of_memory && $(why) == *RangeError* && $(why) == *h_vmem* ]]; then right "$(short 120)"; else wrong "$(short)"; fi
}

# a question in the last message instead of a file
attack_chat() {
  site local
  agent <<'PY'
if step == "research" or repair:
    text = "Data set A is licensed for research only, B is open but smaller. Which one should I use?"
    init(); say(text); result(text)
PY
  run_sprint 'an idea' && ticks_until_over 60
  local told; told=$(session_calls '[.[] | select(.repair and (.prompt | contains("Which one should I use?") and contains("ask/NAME.json")))] | length')
  if [[ $(why) == *'Which one should I use?'* && $told == 1 ]]; then right "$(how): quoted, and told how to ask"; else wrong "$(short); told how to ask: $told"; fi
}

# the same beside a draft of the file that was promised
attack_chat_draft() {
  site local
  agent <<'PY'
if step == "research" and before("chat"):
    text = "I wrote a skeleton. Which data set should I use, A or B? I run the experiments once you tell me."
    init(); put("findings.md", "TODO"); say(text); result(text)
if repair: put("findings.md", "FINAL")
PY
  run_sprint 'an idea' && ticks_until_over 60
  local found; found=$(cat "$(show remote_dir)/findings.md")
  if [[ $found == FINAL ]]; then right "$(how), findings.md is final"; else wrong "$(how), findings.md: $found"; fi
}

# a question in a text file, where one in JSON belongs
attack_ask_text() {
  site local
  agent <<'PY'
if step == "research" and before("ask"):
    put(".researchloop/ask/data.txt", "A or B?"); put("findings.md", "waiting"); init(); result("I asked a question and wait.")
PY
  run_sprint 'an idea'
  within 40 eval 'tick; [[ $(show status) == parked ]] || is_over'
  if [[ $(show status) == parked && $(rl inbox) == *'A or B?'* ]]; then right "parked, in the inbox"; else wrong "$(how)"; fi
}

# a question in a file where nobody looks
attack_ask_astray() {
  site local
  agent <<'PY'
if step == "research" and before("ask"):
    put("ask.json", json.dumps({"v": 1, "question": "A or B?"})); put("findings.md", "waiting"); init(); result("I asked a question and wait.")
if repair: put("findings.md", "FINAL")
PY
  run_sprint 'an idea' && ticks_until_over 60
  local found; found=$(cat "$(show remote_dir)/findings.md")
  if [[ $found == FINAL ]]; then right "$(how), findings.md is final"; else wrong "$(how), findings.md: $found"; fi
}
