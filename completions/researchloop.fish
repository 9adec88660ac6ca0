# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_researchloop_global_optspecs
    string join \n c/config= json q/quiet color= h/help V/version
end

function __fish_researchloop_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_researchloop_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_researchloop_using_subcommand
    set -l cmd (__fish_researchloop_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c researchloop -n "__fish_researchloop_needs_command" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_needs_command" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_needs_command" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_needs_command" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_needs_command" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_needs_command" -s V -l version -d 'Print version'
complete -c researchloop -n "__fish_researchloop_needs_command" -f -a "demo" -d 'Run a whole sprint on this machine with a scripted agent'
complete -c researchloop -n "__fish_researchloop_needs_command" -f -a "init" -d 'Make a project: a commented configuration, a first study'
complete -c researchloop -n "__fish_researchloop_needs_command" -f -a "run" -d 'Run one idea as a sprint'
complete -c researchloop -n "__fish_researchloop_needs_command" -f -a "watch" -d 'Show a live screen until a sprint ends; Ctrl-C leaves the job running'
complete -c researchloop -n "__fish_researchloop_needs_command" -f -a "ls" -d 'List sprints, newest first'
complete -c researchloop -n "__fish_researchloop_needs_command" -f -a "show" -d 'Show one sprint: its state, its cost, and what to do next'
complete -c researchloop -n "__fish_researchloop_needs_command" -f -a "open" -d 'Show what came of a sprint as a page in your browser, or as text'
complete -c researchloop -n "__fish_researchloop_needs_command" -f -a "log" -d 'Print what happened in a sprint, line by line'
complete -c researchloop -n "__fish_researchloop_needs_command" -f -a "cancel" -d 'End a sprint and everything that it has started'
complete -c researchloop -n "__fish_researchloop_needs_command" -f -a "check" -d 'Check the configuration and all clusters'
complete -c researchloop -n "__fish_researchloop_needs_command" -f -a "config" -d 'Look at the configuration'
complete -c researchloop -n "__fish_researchloop_needs_command" -f -a "study" -d 'List studies, create one'
complete -c researchloop -n "__fish_researchloop_needs_command" -f -a "cluster" -d 'List, check and set up clusters'
complete -c researchloop -n "__fish_researchloop_needs_command" -f -a "sprint" -d 'Run and watch sprints, fetch their results'
complete -c researchloop -n "__fish_researchloop_needs_command" -f -a "plan" -d 'Plan a study: one call to Claude, or a file, becomes tasks'
complete -c researchloop -n "__fish_researchloop_needs_command" -f -a "loop" -d 'Turn tasks and ideas into sprints, one by one, within limits'
complete -c researchloop -n "__fish_researchloop_needs_command" -f -a "inbox" -d 'Show what waits for you: questions, ideas, failed tasks, notes'
complete -c researchloop -n "__fish_researchloop_needs_command" -f -a "reply" -d 'Answer a message of the inbox, or send a note to a sprint'
complete -c researchloop -n "__fish_researchloop_needs_command" -f -a "auto" -d 'Let everything go on by itself while you are away'
complete -c researchloop -n "__fish_researchloop_needs_command" -f -a "cron" -d 'Let cron run `tick`, so that all goes on while you are away'
complete -c researchloop -n "__fish_researchloop_needs_command" -f -a "status" -d 'Show what runs, what waits, what needs you, and what has been spent'
complete -c researchloop -n "__fish_researchloop_needs_command" -f -a "tick" -d 'Check all clusters once: record what happened and do what is due'
complete -c researchloop -n "__fish_researchloop_needs_command" -f -a "completions" -d 'Print a completion script for a shell'
complete -c researchloop -n "__fish_researchloop_needs_command" -f -a "man" -d 'Write the manual pages'
complete -c researchloop -n "__fish_researchloop_needs_command" -f -a "task" -d 'The backlog: ideas, what they need, and who works on them'
complete -c researchloop -n "__fish_researchloop_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c researchloop -n "__fish_researchloop_using_subcommand demo" -l dir -d 'Keep the demonstration in this folder' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand demo" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand demo" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand demo" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand demo" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand demo" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand init" -s p -l path -d 'The same, as an option' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand init" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand init" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand init" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand init" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand init" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand run" -s s -l study -d 'The study; without it the one whose folder you are in, or the only one' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand run" -l task -d 'Work on this task of the backlog' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand run" -s o -l option -d 'A job option for the scheduler; an empty value removes one of the study or cluster' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand run" -l time -d 'How long the job may run: 4h, 90m, 1-12:00:00; a number alone is hours' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand run" -l rounds -d 'How many rounds of red team and fix, 0 for none' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand run" -l model -d 'The model' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand run" -l max-cost -d 'What it may cost at most, in US dollars' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand run" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand run" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand run" -l watch -d 'Show a live screen until it ends'
complete -c researchloop -n "__fish_researchloop_using_subcommand run" -l dry-run -d 'Print what would be sent, and contact nothing'
complete -c researchloop -n "__fish_researchloop_using_subcommand run" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand run" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand run" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand watch" -s s -l study -d 'Without an id: only sprints of this study' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand watch" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand watch" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand watch" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand watch" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand watch" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand ls" -s s -l study -d 'Only for this study' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand ls" -l status -d 'Only in this status' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand ls" -s n -l limit -d 'Show at most this many' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand ls" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand ls" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand ls" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand ls" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand ls" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand show" -s s -l study -d 'Without an id: only sprints of this study' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand show" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand show" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand show" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand show" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand show" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand open" -s s -l study -d 'Without an id: only sprints of this study' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand open" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand open" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand open" -l term -d 'Print the report here instead of opening a page'
complete -c researchloop -n "__fish_researchloop_using_subcommand open" -l path -d 'Only write the page, and print where it is'
complete -c researchloop -n "__fish_researchloop_using_subcommand open" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand open" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand open" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand log" -s s -l study -d 'Without an id: only sprints of this study' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand log" -l step -d 'Only of this step, for example red_team_round_1' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand log" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand log" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand log" -s f -l follow -d 'Keep printing until the sprint ends'
complete -c researchloop -n "__fish_researchloop_using_subcommand log" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand log" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand log" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand cancel" -s s -l study -d 'Without an id: only sprints of this study' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand cancel" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand cancel" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand cancel" -l no-wait -d 'Do not wait until it has ended'
complete -c researchloop -n "__fish_researchloop_using_subcommand cancel" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand cancel" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand cancel" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand check" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand check" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand check" -s a -l all -d 'Show the defaults, too'
complete -c researchloop -n "__fish_researchloop_using_subcommand check" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand check" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand check" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand config; and not __fish_seen_subcommand_from check help" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand config; and not __fish_seen_subcommand_from check help" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand config; and not __fish_seen_subcommand_from check help" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand config; and not __fish_seen_subcommand_from check help" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand config; and not __fish_seen_subcommand_from check help" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand config; and not __fish_seen_subcommand_from check help" -f -a "check" -d 'Check it, and print what differs from the defaults, with its source'
complete -c researchloop -n "__fish_researchloop_using_subcommand config; and not __fish_seen_subcommand_from check help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c researchloop -n "__fish_researchloop_using_subcommand config; and __fish_seen_subcommand_from check" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand config; and __fish_seen_subcommand_from check" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand config; and __fish_seen_subcommand_from check" -s a -l all -d 'Show the defaults, too'
complete -c researchloop -n "__fish_researchloop_using_subcommand config; and __fish_seen_subcommand_from check" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand config; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand config; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "check" -d 'Check it, and print what differs from the defaults, with its source'
complete -c researchloop -n "__fish_researchloop_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and not __fish_seen_subcommand_from list show leaderboard findings open init set help" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and not __fish_seen_subcommand_from list show leaderboard findings open init set help" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and not __fish_seen_subcommand_from list show leaderboard findings open init set help" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and not __fish_seen_subcommand_from list show leaderboard findings open init set help" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and not __fish_seen_subcommand_from list show leaderboard findings open init set help" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and not __fish_seen_subcommand_from list show leaderboard findings open init set help" -f -a "list" -d 'List the studies of the configuration'
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and not __fish_seen_subcommand_from list show leaderboard findings open init set help" -f -a "show" -d 'Show one study and its newest sprints'
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and not __fish_seen_subcommand_from list show leaderboard findings open init set help" -f -a "leaderboard" -d 'Rank the sprints of a study by its metric, and draw how it developed'
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and not __fish_seen_subcommand_from list show leaderboard findings open init set help" -f -a "findings" -d 'List what the sprints of a study found, newest first'
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and not __fish_seen_subcommand_from list show leaderboard findings open init set help" -f -a "open" -d 'Show a study as a page in your browser: leaderboard, findings, sprints'
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and not __fish_seen_subcommand_from list show leaderboard findings open init set help" -f -a "init" -d 'Begin a study: write its CLAUDE.md and program.md, and add it to the configuration'
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and not __fish_seen_subcommand_from list show leaderboard findings open init set help" -f -a "set" -d 'Change settings of a study in the configuration file; comments and layout stay'
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and not __fish_seen_subcommand_from list show leaderboard findings open init set help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from list" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from list" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from list" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from show" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from show" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from show" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from leaderboard" -s n -l limit -d 'Show at most this many places' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from leaderboard" -l metric -d 'By this metric instead of the study\'s own' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from leaderboard" -l better -d 'Which way that metric gets better, when the sprints do not say it: higher or lower' -r -f -a "higher\t''
lower\t''"
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from leaderboard" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from leaderboard" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from leaderboard" -l plain -d 'Draw with plain characters only, as it is without a terminal'
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from leaderboard" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from leaderboard" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from leaderboard" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from findings" -l search -d 'Only with all these words in the idea, the statement or the summary' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from findings" -l verdict -d 'Only with this verdict: supported, refuted or inconclusive' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from findings" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from findings" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from findings" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from findings" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from findings" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from open" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from open" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from open" -l path -d 'Only write the page, and print where it is'
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from open" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from open" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from open" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from init" -l dir -d 'Write below this folder, into studies/NAME; below the configuration\'s otherwise' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from init" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from init" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from init" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from init" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from init" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from set" -s s -l study -d 'The study; without it the one whose folder you are in, or the only one' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from set" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from set" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from set" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from set" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the studies of the configuration'
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show one study and its newest sprints'
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from help" -f -a "leaderboard" -d 'Rank the sprints of a study by its metric, and draw how it developed'
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from help" -f -a "findings" -d 'List what the sprints of a study found, newest first'
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from help" -f -a "open" -d 'Show a study as a page in your browser: leaderboard, findings, sprints'
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from help" -f -a "init" -d 'Begin a study: write its CLAUDE.md and program.md, and add it to the configuration'
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from help" -f -a "set" -d 'Change settings of a study in the configuration file; comments and layout stay'
complete -c researchloop -n "__fish_researchloop_using_subcommand study; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c researchloop -n "__fish_researchloop_using_subcommand cluster; and not __fish_seen_subcommand_from list check setup help" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand cluster; and not __fish_seen_subcommand_from list check setup help" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand cluster; and not __fish_seen_subcommand_from list check setup help" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand cluster; and not __fish_seen_subcommand_from list check setup help" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand cluster; and not __fish_seen_subcommand_from list check setup help" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand cluster; and not __fish_seen_subcommand_from list check setup help" -f -a "list" -d 'List the clusters of the configuration'
complete -c researchloop -n "__fish_researchloop_using_subcommand cluster; and not __fish_seen_subcommand_from list check setup help" -f -a "check" -d 'Check the connection, the scheduler, the folder and Claude on the login node'
complete -c researchloop -n "__fish_researchloop_using_subcommand cluster; and not __fish_seen_subcommand_from list check setup help" -f -a "setup" -d 'Make the host known, and put the runner there'
complete -c researchloop -n "__fish_researchloop_using_subcommand cluster; and not __fish_seen_subcommand_from list check setup help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c researchloop -n "__fish_researchloop_using_subcommand cluster; and __fish_seen_subcommand_from list" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand cluster; and __fish_seen_subcommand_from list" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand cluster; and __fish_seen_subcommand_from list" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand cluster; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand cluster; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand cluster; and __fish_seen_subcommand_from check" -s n -l name -d 'The same, as an option' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand cluster; and __fish_seen_subcommand_from check" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand cluster; and __fish_seen_subcommand_from check" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand cluster; and __fish_seen_subcommand_from check" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand cluster; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand cluster; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand cluster; and __fish_seen_subcommand_from setup" -l accept-host-key -d 'Accept the host key with this fingerprint without asking: SHA256:...' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand cluster; and __fish_seen_subcommand_from setup" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand cluster; and __fish_seen_subcommand_from setup" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand cluster; and __fish_seen_subcommand_from setup" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand cluster; and __fish_seen_subcommand_from setup" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand cluster; and __fish_seen_subcommand_from setup" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand cluster; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the clusters of the configuration'
complete -c researchloop -n "__fish_researchloop_using_subcommand cluster; and __fish_seen_subcommand_from help" -f -a "check" -d 'Check the connection, the scheduler, the folder and Claude on the login node'
complete -c researchloop -n "__fish_researchloop_using_subcommand cluster; and __fish_seen_subcommand_from help" -f -a "setup" -d 'Make the host known, and put the runner there'
complete -c researchloop -n "__fish_researchloop_using_subcommand cluster; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and not __fish_seen_subcommand_from run list show watch log fetch cancel tweak resubmit delete help" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and not __fish_seen_subcommand_from run list show watch log fetch cancel tweak resubmit delete help" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and not __fish_seen_subcommand_from run list show watch log fetch cancel tweak resubmit delete help" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and not __fish_seen_subcommand_from run list show watch log fetch cancel tweak resubmit delete help" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and not __fish_seen_subcommand_from run list show watch log fetch cancel tweak resubmit delete help" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and not __fish_seen_subcommand_from run list show watch log fetch cancel tweak resubmit delete help" -f -a "run" -d 'Run one idea as a sprint'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and not __fish_seen_subcommand_from run list show watch log fetch cancel tweak resubmit delete help" -f -a "list" -d 'List sprints, newest first'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and not __fish_seen_subcommand_from run list show watch log fetch cancel tweak resubmit delete help" -f -a "show" -d 'Show one sprint: its state, its cost, and what to do next'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and not __fish_seen_subcommand_from run list show watch log fetch cancel tweak resubmit delete help" -f -a "watch" -d 'Show a live screen until the sprint ends; Ctrl-C leaves the job running'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and not __fish_seen_subcommand_from run list show watch log fetch cancel tweak resubmit delete help" -f -a "log" -d 'Print what happened, line by line'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and not __fish_seen_subcommand_from run list show watch log fetch cancel tweak resubmit delete help" -f -a "fetch" -d 'Fetch the sprint\'s files to this machine'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and not __fish_seen_subcommand_from run list show watch log fetch cancel tweak resubmit delete help" -f -a "cancel" -d 'End the sprint and everything that it has started'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and not __fish_seen_subcommand_from run list show watch log fetch cancel tweak resubmit delete help" -f -a "tweak" -d 'Ask for a small change of a finished sprint, in its directory and its session'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and not __fish_seen_subcommand_from run list show watch log fetch cancel tweak resubmit delete help" -f -a "resubmit" -d 'Run the same idea again, as a new sprint'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and not __fish_seen_subcommand_from run list show watch log fetch cancel tweak resubmit delete help" -f -a "delete" -d 'Forget a sprint and its files on this machine'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and not __fish_seen_subcommand_from run list show watch log fetch cancel tweak resubmit delete help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from run" -s s -l study -d 'The study; without it the one whose folder you are in, or the only one' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from run" -l task -d 'Work on this task of the backlog' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from run" -s o -l option -d 'A job option for the scheduler; an empty value removes one of the study or cluster' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from run" -l time -d 'How long the job may run: 4h, 90m, 1-12:00:00; a number alone is hours' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from run" -l rounds -d 'How many rounds of red team and fix, 0 for none' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from run" -l model -d 'The model' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from run" -l max-cost -d 'What it may cost at most, in US dollars' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from run" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from run" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from run" -l watch -d 'Show a live screen until it ends'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from run" -l dry-run -d 'Print what would be sent, and contact nothing'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from run" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from run" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from run" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from list" -s s -l study -d 'Only for this study' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from list" -l status -d 'Only in this status' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from list" -s n -l limit -d 'Show at most this many' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from list" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from list" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from list" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from show" -s s -l study -d 'Without an id: only sprints of this study' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from show" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from show" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from show" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from watch" -s s -l study -d 'Without an id: only sprints of this study' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from watch" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from watch" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from watch" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from watch" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from watch" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from log" -s s -l study -d 'Without an id: only sprints of this study' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from log" -l step -d 'Only of this step, for example red_team_round_1' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from log" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from log" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from log" -s f -l follow -d 'Keep printing until the sprint ends'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from log" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from log" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from log" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from fetch" -s s -l study -d 'Without an id: only sprints of this study' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from fetch" -l to -d 'Put them into this folder' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from fetch" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from fetch" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from fetch" -l all -d 'Every regular file, not only the report, the reviews and results/'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from fetch" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from fetch" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from fetch" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from cancel" -s s -l study -d 'Without an id: only sprints of this study' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from cancel" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from cancel" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from cancel" -l no-wait -d 'Do not wait until it has ended'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from cancel" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from cancel" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from cancel" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from tweak" -l time -d 'How long the job may run: 4h, 90m, 1-12:00:00; a number alone is hours' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from tweak" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from tweak" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from tweak" -l watch -d 'Show a live screen until it ends'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from tweak" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from tweak" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from tweak" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from resubmit" -s o -l option -d 'A job option for the scheduler; an empty value removes one of the study or cluster' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from resubmit" -l time -d 'How long the job may run: 4h, 90m, 1-12:00:00; a number alone is hours' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from resubmit" -l rounds -d 'How many rounds of red team and fix, 0 for none' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from resubmit" -l model -d 'The model' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from resubmit" -l max-cost -d 'What it may cost at most, in US dollars' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from resubmit" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from resubmit" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from resubmit" -l watch -d 'Show a live screen until it ends'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from resubmit" -l dry-run -d 'Print what would be sent, and contact nothing'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from resubmit" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from resubmit" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from resubmit" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from delete" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from delete" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from delete" -l remote -d 'Remove its directory on the cluster too'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from delete" -s y -l yes -d 'Do not ask'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from delete" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from help" -f -a "run" -d 'Run one idea as a sprint'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from help" -f -a "list" -d 'List sprints, newest first'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show one sprint: its state, its cost, and what to do next'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from help" -f -a "watch" -d 'Show a live screen until the sprint ends; Ctrl-C leaves the job running'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from help" -f -a "log" -d 'Print what happened, line by line'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from help" -f -a "fetch" -d 'Fetch the sprint\'s files to this machine'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from help" -f -a "cancel" -d 'End the sprint and everything that it has started'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from help" -f -a "tweak" -d 'Ask for a small change of a finished sprint, in its directory and its session'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from help" -f -a "resubmit" -d 'Run the same idea again, as a new sprint'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from help" -f -a "delete" -d 'Forget a sprint and its files on this machine'
complete -c researchloop -n "__fish_researchloop_using_subcommand sprint; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c researchloop -n "__fish_researchloop_using_subcommand plan" -s s -l study -d 'The study; without it the one whose folder you are in, or the only one' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand plan" -l from -d 'Read the plan from this JSON file, or from this sprint of `--job`, instead of asking Claude; `-` reads standard input' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand plan" -l time -d 'How long that job may run' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand plan" -s o -l option -d 'A job option for that job; an empty value removes one of the study or cluster' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand plan" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand plan" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand plan" -s y -l yes -d 'Add the tasks without asking'
complete -c researchloop -n "__fish_researchloop_using_subcommand plan" -l here -d 'Ask Claude here although this machine looks like the login node of a cluster'
complete -c researchloop -n "__fish_researchloop_using_subcommand plan" -l job -d 'Ask Claude in a short job on the study\'s cluster'
complete -c researchloop -n "__fish_researchloop_using_subcommand plan" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand plan" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand plan" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and not __fish_seen_subcommand_from start list status show edit stop resume help" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and not __fish_seen_subcommand_from start list status show edit stop resume help" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and not __fish_seen_subcommand_from start list status show edit stop resume help" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and not __fish_seen_subcommand_from start list status show edit stop resume help" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and not __fish_seen_subcommand_from start list status show edit stop resume help" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and not __fish_seen_subcommand_from start list status show edit stop resume help" -f -a "start" -d 'Start a loop on a study'
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and not __fish_seen_subcommand_from start list status show edit stop resume help" -f -a "list" -d 'List loops, the running ones first'
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and not __fish_seen_subcommand_from start list status show edit stop resume help" -f -a "status" -d 'List loops, the running ones first'
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and not __fish_seen_subcommand_from start list status show edit stop resume help" -f -a "show" -d 'Show one loop: what it did, what it has used, why it ended'
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and not __fish_seen_subcommand_from start list status show edit stop resume help" -f -a "edit" -d 'Change what a loop does from now on'
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and not __fish_seen_subcommand_from start list status show edit stop resume help" -f -a "stop" -d 'Stop a loop; jobs that run go on, unless --now'
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and not __fish_seen_subcommand_from start list status show edit stop resume help" -f -a "resume" -d 'Let a loop that has ended run again; what it has done and used counts on'
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and not __fish_seen_subcommand_from start list status show edit stop resume help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from start" -s s -l study -d 'The study; without it the one whose folder you are in, or the only one' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from start" -s n -l count -d 'How many sprints are to complete; 3 unless the study\'s program.md says otherwise' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from start" -s m -l context -l message -d 'What ideas are wanted' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from start" -l max-cost -d 'What all its sprints may cost, in US dollars; `none` for no limit' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from start" -l max-gpu-hours -d 'What all its jobs may use, GPUs times hours; `none` for no limit' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from start" -l until -d 'Begin no sprint after this time: 12h, 2026-12-24, "2026-12-24 18:00" (UTC); a number alone is hours from now; `none` for no limit' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from start" -l target -d 'Stop when a metric is reached: accuracy>=0.95, loss<=0.1; one run is enough, and is told as such; `none` for no target' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from start" -l patience -d 'Stop after so many measured sprints without an improvement beyond the noise; a new best that may be luck does not count; `none` for never' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from start" -l parallel -d 'How many sprints at once' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from start" -l approve -d 'Ask you before an idea that a job has found is worked on' -r -f -a "true\t''
false\t''"
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from start" -l tasks-only -d 'Try only tasks of the backlog, and end when none is left' -r -f -a "true\t''
false\t''"
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from start" -s o -l option -d 'A job option for the scheduler; an empty value removes one of the study or cluster' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from start" -l time -d 'How long the job may run: 4h, 90m, 1-12:00:00; a number alone is hours' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from start" -l rounds -d 'How many rounds of red team and fix, 0 for none' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from start" -l model -d 'The model' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from start" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from start" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from start" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from start" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from start" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from list" -s s -l study -d 'Only for this study' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from list" -s n -l limit -d 'Show at most this many' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from list" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from list" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from list" -l running -d 'Only those that run'
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from list" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from status" -s s -l study -d 'Only for this study' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from status" -s n -l limit -d 'Show at most this many' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from status" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from status" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from status" -l running -d 'Only those that run'
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from status" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from status" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from show" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from show" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from show" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from edit" -s n -l count -d 'How many sprints are to complete; 3 unless the study\'s program.md says otherwise' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from edit" -s m -l context -l message -d 'What ideas are wanted' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from edit" -l max-cost -d 'What all its sprints may cost, in US dollars; `none` for no limit' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from edit" -l max-gpu-hours -d 'What all its jobs may use, GPUs times hours; `none` for no limit' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from edit" -l until -d 'Begin no sprint after this time: 12h, 2026-12-24, "2026-12-24 18:00" (UTC); a number alone is hours from now; `none` for no limit' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from edit" -l target -d 'Stop when a metric is reached: accuracy>=0.95, loss<=0.1; one run is enough, and is told as such; `none` for no target' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from edit" -l patience -d 'Stop after so many measured sprints without an improvement beyond the noise; a new best that may be luck does not count; `none` for never' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from edit" -l parallel -d 'How many sprints at once' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from edit" -l approve -d 'Ask you before an idea that a job has found is worked on' -r -f -a "true\t''
false\t''"
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from edit" -l tasks-only -d 'Try only tasks of the backlog, and end when none is left' -r -f -a "true\t''
false\t''"
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from edit" -s o -l option -d 'A job option for the scheduler; an empty value removes one of the study or cluster' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from edit" -l time -d 'How long the job may run: 4h, 90m, 1-12:00:00; a number alone is hours' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from edit" -l rounds -d 'How many rounds of red team and fix, 0 for none' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from edit" -l model -d 'The model' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from edit" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from edit" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from edit" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from edit" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from edit" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from stop" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from stop" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from stop" -l now -d 'Cancel its jobs too'
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from stop" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from stop" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from stop" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from resume" -s n -l count -d 'How many sprints are to complete; 3 unless the study\'s program.md says otherwise' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from resume" -s m -l context -l message -d 'What ideas are wanted' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from resume" -l max-cost -d 'What all its sprints may cost, in US dollars; `none` for no limit' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from resume" -l max-gpu-hours -d 'What all its jobs may use, GPUs times hours; `none` for no limit' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from resume" -l until -d 'Begin no sprint after this time: 12h, 2026-12-24, "2026-12-24 18:00" (UTC); a number alone is hours from now; `none` for no limit' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from resume" -l target -d 'Stop when a metric is reached: accuracy>=0.95, loss<=0.1; one run is enough, and is told as such; `none` for no target' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from resume" -l patience -d 'Stop after so many measured sprints without an improvement beyond the noise; a new best that may be luck does not count; `none` for never' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from resume" -l parallel -d 'How many sprints at once' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from resume" -l approve -d 'Ask you before an idea that a job has found is worked on' -r -f -a "true\t''
false\t''"
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from resume" -l tasks-only -d 'Try only tasks of the backlog, and end when none is left' -r -f -a "true\t''
false\t''"
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from resume" -s o -l option -d 'A job option for the scheduler; an empty value removes one of the study or cluster' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from resume" -l time -d 'How long the job may run: 4h, 90m, 1-12:00:00; a number alone is hours' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from resume" -l rounds -d 'How many rounds of red team and fix, 0 for none' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from resume" -l model -d 'The model' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from resume" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from resume" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from resume" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from resume" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from resume" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from help" -f -a "start" -d 'Start a loop on a study'
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from help" -f -a "list" -d 'List loops, the running ones first'
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show one loop: what it did, what it has used, why it ended'
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from help" -f -a "edit" -d 'Change what a loop does from now on'
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from help" -f -a "stop" -d 'Stop a loop; jobs that run go on, unless --now'
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from help" -f -a "resume" -d 'Let a loop that has ended run again; what it has done and used counts on'
complete -c researchloop -n "__fish_researchloop_using_subcommand loop; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c researchloop -n "__fish_researchloop_using_subcommand inbox" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand inbox" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand inbox" -s a -l all -d 'Answered and closed ones too'
complete -c researchloop -n "__fish_researchloop_using_subcommand inbox" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand inbox" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand inbox" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand reply" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand reply" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand reply" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand reply" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand reply" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand auto; and not __fish_seen_subcommand_from on off status help" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand auto; and not __fish_seen_subcommand_from on off status help" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand auto; and not __fish_seen_subcommand_from on off status help" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand auto; and not __fish_seen_subcommand_from on off status help" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand auto; and not __fish_seen_subcommand_from on off status help" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand auto; and not __fish_seen_subcommand_from on off status help" -f -a "on" -d 'Begin: clusters are checked and sprints go on every few minutes, as long as this machine is awake'
complete -c researchloop -n "__fish_researchloop_using_subcommand auto; and not __fish_seen_subcommand_from on off status help" -f -a "off" -d 'Stop: jobs that run go on, and nothing new is begun'
complete -c researchloop -n "__fish_researchloop_using_subcommand auto; and not __fish_seen_subcommand_from on off status help" -f -a "status" -d 'Show whether it is on, when it last ran, and what went wrong since'
complete -c researchloop -n "__fish_researchloop_using_subcommand auto; and not __fish_seen_subcommand_from on off status help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c researchloop -n "__fish_researchloop_using_subcommand auto; and __fish_seen_subcommand_from on" -l every -d 'How often: minutes that divide an hour, or hours that divide a day' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand auto; and __fish_seen_subcommand_from on" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand auto; and __fish_seen_subcommand_from on" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand auto; and __fish_seen_subcommand_from on" -l force -d 'Install it although the try has failed'
complete -c researchloop -n "__fish_researchloop_using_subcommand auto; and __fish_seen_subcommand_from on" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand auto; and __fish_seen_subcommand_from on" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand auto; and __fish_seen_subcommand_from on" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand auto; and __fish_seen_subcommand_from off" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand auto; and __fish_seen_subcommand_from off" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand auto; and __fish_seen_subcommand_from off" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand auto; and __fish_seen_subcommand_from off" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand auto; and __fish_seen_subcommand_from off" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand auto; and __fish_seen_subcommand_from status" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand auto; and __fish_seen_subcommand_from status" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand auto; and __fish_seen_subcommand_from status" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand auto; and __fish_seen_subcommand_from status" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand auto; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand auto; and __fish_seen_subcommand_from help" -f -a "on" -d 'Begin: clusters are checked and sprints go on every few minutes, as long as this machine is awake'
complete -c researchloop -n "__fish_researchloop_using_subcommand auto; and __fish_seen_subcommand_from help" -f -a "off" -d 'Stop: jobs that run go on, and nothing new is begun'
complete -c researchloop -n "__fish_researchloop_using_subcommand auto; and __fish_seen_subcommand_from help" -f -a "status" -d 'Show whether it is on, when it last ran, and what went wrong since'
complete -c researchloop -n "__fish_researchloop_using_subcommand auto; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c researchloop -n "__fish_researchloop_using_subcommand cron; and not __fish_seen_subcommand_from install remove show help" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand cron; and not __fish_seen_subcommand_from install remove show help" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand cron; and not __fish_seen_subcommand_from install remove show help" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand cron; and not __fish_seen_subcommand_from install remove show help" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand cron; and not __fish_seen_subcommand_from install remove show help" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand cron; and not __fish_seen_subcommand_from install remove show help" -f -a "install" -d 'Put a line for this project into your crontab, after a try in cron\'s own environment'
complete -c researchloop -n "__fish_researchloop_using_subcommand cron; and not __fish_seen_subcommand_from install remove show help" -f -a "remove" -d 'Take the line of this project out of your crontab'
complete -c researchloop -n "__fish_researchloop_using_subcommand cron; and not __fish_seen_subcommand_from install remove show help" -f -a "show" -d 'Show the line, the last good tick, and what went wrong since'
complete -c researchloop -n "__fish_researchloop_using_subcommand cron; and not __fish_seen_subcommand_from install remove show help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c researchloop -n "__fish_researchloop_using_subcommand cron; and __fish_seen_subcommand_from install" -l every -d 'How often: minutes that divide an hour, or hours that divide a day' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand cron; and __fish_seen_subcommand_from install" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand cron; and __fish_seen_subcommand_from install" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand cron; and __fish_seen_subcommand_from install" -l force -d 'Install it although the try has failed'
complete -c researchloop -n "__fish_researchloop_using_subcommand cron; and __fish_seen_subcommand_from install" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand cron; and __fish_seen_subcommand_from install" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand cron; and __fish_seen_subcommand_from install" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand cron; and __fish_seen_subcommand_from remove" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand cron; and __fish_seen_subcommand_from remove" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand cron; and __fish_seen_subcommand_from remove" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand cron; and __fish_seen_subcommand_from remove" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand cron; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand cron; and __fish_seen_subcommand_from show" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand cron; and __fish_seen_subcommand_from show" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand cron; and __fish_seen_subcommand_from show" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand cron; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand cron; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand cron; and __fish_seen_subcommand_from help" -f -a "install" -d 'Put a line for this project into your crontab, after a try in cron\'s own environment'
complete -c researchloop -n "__fish_researchloop_using_subcommand cron; and __fish_seen_subcommand_from help" -f -a "remove" -d 'Take the line of this project out of your crontab'
complete -c researchloop -n "__fish_researchloop_using_subcommand cron; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show the line, the last good tick, and what went wrong since'
complete -c researchloop -n "__fish_researchloop_using_subcommand cron; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c researchloop -n "__fish_researchloop_using_subcommand status" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand status" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand status" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand status" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand status" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand tick" -l log -d 'Write what happened into this file instead of printing it; nothing when nothing happened' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand tick" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand tick" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand tick" -l watch -d 'Keep running until interrupted'
complete -c researchloop -n "__fish_researchloop_using_subcommand tick" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand tick" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand tick" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand completions" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand completions" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand completions" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand completions" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand completions" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand man" -l to -d 'The folder to write them to' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand man" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand man" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand man" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand man" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand man" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and not __fish_seen_subcommand_from add list show edit next claim heartbeat release done fail retry cancel import graph help" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and not __fish_seen_subcommand_from add list show edit next claim heartbeat release done fail retry cancel import graph help" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and not __fish_seen_subcommand_from add list show edit next claim heartbeat release done fail retry cancel import graph help" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and not __fish_seen_subcommand_from add list show edit next claim heartbeat release done fail retry cancel import graph help" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and not __fish_seen_subcommand_from add list show edit next claim heartbeat release done fail retry cancel import graph help" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and not __fish_seen_subcommand_from add list show edit next claim heartbeat release done fail retry cancel import graph help" -f -a "add" -d 'Add an idea to the backlog'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and not __fish_seen_subcommand_from add list show edit next claim heartbeat release done fail retry cancel import graph help" -f -a "list" -d 'List tasks in the order in which they are taken'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and not __fish_seen_subcommand_from add list show edit next claim heartbeat release done fail retry cancel import graph help" -f -a "show" -d 'Show one task: what it needs, what waits for it, its attempts, what to do next'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and not __fish_seen_subcommand_from add list show edit next claim heartbeat release done fail retry cancel import graph help" -f -a "edit" -d 'Change tasks, or what they need'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and not __fish_seen_subcommand_from add list show edit next claim heartbeat release done fail retry cancel import graph help" -f -a "next" -d 'Show the task that is to be begun next'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and not __fish_seen_subcommand_from add list show edit next claim heartbeat release done fail retry cancel import graph help" -f -a "claim" -d 'Take a ready task for a while; prints the claim\'s token'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and not __fish_seen_subcommand_from add list show edit next claim heartbeat release done fail retry cancel import graph help" -f -a "heartbeat" -d 'Extend a claim'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and not __fish_seen_subcommand_from add list show edit next claim heartbeat release done fail retry cancel import graph help" -f -a "release" -d 'Give a claim back; nothing is counted'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and not __fish_seen_subcommand_from add list show edit next claim heartbeat release done fail retry cancel import graph help" -f -a "done" -d 'Say that a task is done; its command must succeed here first'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and not __fish_seen_subcommand_from add list show edit next claim heartbeat release done fail retry cancel import graph help" -f -a "fail" -d 'Say that a task failed'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and not __fish_seen_subcommand_from add list show edit next claim heartbeat release done fail retry cancel import graph help" -f -a "retry" -d 'Open tasks again, and forget how often they have failed'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and not __fish_seen_subcommand_from add list show edit next claim heartbeat release done fail retry cancel import graph help" -f -a "cancel" -d 'Cancel tasks, with their parts'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and not __fish_seen_subcommand_from add list show edit next claim heartbeat release done fail retry cancel import graph help" -f -a "import" -d 'Add the tasks of a YAML or JSON file, all or none'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and not __fish_seen_subcommand_from add list show edit next claim heartbeat release done fail retry cancel import graph help" -f -a "graph" -d 'Show what waits for what'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and not __fish_seen_subcommand_from add list show edit next claim heartbeat release done fail retry cancel import graph help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from add" -s s -l study -d 'The study; without it the one whose folder you are in, or the only one' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from add" -l needs -d 'A task that must have ended before, and how: done (default), supported, refuted, failed or any' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from add" -s p -l priority -d 'How urgent it is: p0, p1 or p2' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from add" -l parent -d 'The task that it is a part of' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from add" -l done-when -d 'When it counts as done, in words' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from add" -l verify -d 'A command for bash that must succeed before it is done' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from add" -l max-attempts -d 'How often it may fail' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from add" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from add" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from add" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from add" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from list" -s s -l study -d 'Only for this study' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from list" -s n -l limit -d 'Show at most this many' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from list" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from list" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from list" -l ready -d 'Those that can be begun now'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from list" -l blocked -d 'Those that wait for others'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from list" -l dead -d 'Those that have failed for good'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from list" -l all -d 'Also those that are over'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from list" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from show" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from show" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from show" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from edit" -l idea -d 'Another idea' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from edit" -s p -l priority -d 'How urgent it is: p0, p1 or p2' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from edit" -l parent -d 'The task that it is a part of; `none` for none' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from edit" -l done-when -d 'When it is done, in words; empty for nothing' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from edit" -l verify -d 'A command for bash that must succeed before it is done; empty for none' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from edit" -l max-attempts -d 'How often it may fail' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from edit" -l needs -d 'One more task that must have ended before, or the same with another condition' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from edit" -l drop-need -d 'A task that it does not need any more' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from edit" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from edit" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from edit" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from edit" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from edit" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from next" -s s -l study -d 'Only for this study' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from next" -l as -d 'Who takes it; the user\'s name otherwise' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from next" -l ttl -d 'How long the claim holds without a heartbeat: 30m, 2h' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from next" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from next" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from next" -l claim -d 'Take it, too'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from next" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from next" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from next" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from claim" -l as -d 'Who takes it; the user\'s name otherwise' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from claim" -l ttl -d 'How long the claim holds without a heartbeat: 30m, 2h' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from claim" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from claim" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from claim" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from claim" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from claim" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from heartbeat" -l token -d 'The claim\'s token' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from heartbeat" -l ttl -d 'How long the claim holds from now on: 30m, 2h' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from heartbeat" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from heartbeat" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from heartbeat" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from heartbeat" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from heartbeat" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from release" -l token -d 'The claim\'s token' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from release" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from release" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from release" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from release" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from release" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from done" -l token -d 'The claim\'s token' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from done" -l verdict -d 'What came out: supported, refuted or inconclusive' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from done" -l note -d 'A remark' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from done" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from done" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from done" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from done" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from done" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from fail" -l token -d 'The claim\'s token' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from fail" -l reason -d 'Why' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from fail" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from fail" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from fail" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from fail" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from fail" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from retry" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from retry" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from retry" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from retry" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from retry" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from cancel" -l reason -d 'Why' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from cancel" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from cancel" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from cancel" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from cancel" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from cancel" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from import" -s s -l study -d 'The study; without it the one whose folder you are in, or the only one' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from import" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from import" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from import" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from import" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from import" -s h -l help -d 'Print help'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from graph" -s s -l study -d 'Only for this study' -r
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from graph" -l format -d 'How it is written' -r -f -a "tree\t'For a terminal'
mermaid\t'For Mermaid'
dot\t'For Graphviz'
json\t'For programs'"
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from graph" -s c -l config -d 'Use this configuration file' -r -F
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from graph" -l color -d 'When to use color: auto, always or never' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from graph" -l json -d 'Print JSON on standard output, and errors as JSON'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from graph" -s q -l quiet -d 'Print only what was asked for'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from graph" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from help" -f -a "add" -d 'Add an idea to the backlog'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from help" -f -a "list" -d 'List tasks in the order in which they are taken'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show one task: what it needs, what waits for it, its attempts, what to do next'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from help" -f -a "edit" -d 'Change tasks, or what they need'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from help" -f -a "next" -d 'Show the task that is to be begun next'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from help" -f -a "claim" -d 'Take a ready task for a while; prints the claim\'s token'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from help" -f -a "heartbeat" -d 'Extend a claim'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from help" -f -a "release" -d 'Give a claim back; nothing is counted'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from help" -f -a "done" -d 'Say that a task is done; its command must succeed here first'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from help" -f -a "fail" -d 'Say that a task failed'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from help" -f -a "retry" -d 'Open tasks again, and forget how often they have failed'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from help" -f -a "cancel" -d 'Cancel tasks, with their parts'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from help" -f -a "import" -d 'Add the tasks of a YAML or JSON file, all or none'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from help" -f -a "graph" -d 'Show what waits for what'
complete -c researchloop -n "__fish_researchloop_using_subcommand task; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and not __fish_seen_subcommand_from demo init run watch ls show open log cancel check config study cluster sprint plan loop inbox reply auto cron status tick completions man task help" -f -a "demo" -d 'Run a whole sprint on this machine with a scripted agent'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and not __fish_seen_subcommand_from demo init run watch ls show open log cancel check config study cluster sprint plan loop inbox reply auto cron status tick completions man task help" -f -a "init" -d 'Make a project: a commented configuration, a first study'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and not __fish_seen_subcommand_from demo init run watch ls show open log cancel check config study cluster sprint plan loop inbox reply auto cron status tick completions man task help" -f -a "run" -d 'Run one idea as a sprint'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and not __fish_seen_subcommand_from demo init run watch ls show open log cancel check config study cluster sprint plan loop inbox reply auto cron status tick completions man task help" -f -a "watch" -d 'Show a live screen until a sprint ends; Ctrl-C leaves the job running'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and not __fish_seen_subcommand_from demo init run watch ls show open log cancel check config study cluster sprint plan loop inbox reply auto cron status tick completions man task help" -f -a "ls" -d 'List sprints, newest first'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and not __fish_seen_subcommand_from demo init run watch ls show open log cancel check config study cluster sprint plan loop inbox reply auto cron status tick completions man task help" -f -a "show" -d 'Show one sprint: its state, its cost, and what to do next'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and not __fish_seen_subcommand_from demo init run watch ls show open log cancel check config study cluster sprint plan loop inbox reply auto cron status tick completions man task help" -f -a "open" -d 'Show what came of a sprint as a page in your browser, or as text'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and not __fish_seen_subcommand_from demo init run watch ls show open log cancel check config study cluster sprint plan loop inbox reply auto cron status tick completions man task help" -f -a "log" -d 'Print what happened in a sprint, line by line'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and not __fish_seen_subcommand_from demo init run watch ls show open log cancel check config study cluster sprint plan loop inbox reply auto cron status tick completions man task help" -f -a "cancel" -d 'End a sprint and everything that it has started'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and not __fish_seen_subcommand_from demo init run watch ls show open log cancel check config study cluster sprint plan loop inbox reply auto cron status tick completions man task help" -f -a "check" -d 'Check the configuration and all clusters'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and not __fish_seen_subcommand_from demo init run watch ls show open log cancel check config study cluster sprint plan loop inbox reply auto cron status tick completions man task help" -f -a "config" -d 'Look at the configuration'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and not __fish_seen_subcommand_from demo init run watch ls show open log cancel check config study cluster sprint plan loop inbox reply auto cron status tick completions man task help" -f -a "study" -d 'List studies, create one'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and not __fish_seen_subcommand_from demo init run watch ls show open log cancel check config study cluster sprint plan loop inbox reply auto cron status tick completions man task help" -f -a "cluster" -d 'List, check and set up clusters'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and not __fish_seen_subcommand_from demo init run watch ls show open log cancel check config study cluster sprint plan loop inbox reply auto cron status tick completions man task help" -f -a "sprint" -d 'Run and watch sprints, fetch their results'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and not __fish_seen_subcommand_from demo init run watch ls show open log cancel check config study cluster sprint plan loop inbox reply auto cron status tick completions man task help" -f -a "plan" -d 'Plan a study: one call to Claude, or a file, becomes tasks'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and not __fish_seen_subcommand_from demo init run watch ls show open log cancel check config study cluster sprint plan loop inbox reply auto cron status tick completions man task help" -f -a "loop" -d 'Turn tasks and ideas into sprints, one by one, within limits'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and not __fish_seen_subcommand_from demo init run watch ls show open log cancel check config study cluster sprint plan loop inbox reply auto cron status tick completions man task help" -f -a "inbox" -d 'Show what waits for you: questions, ideas, failed tasks, notes'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and not __fish_seen_subcommand_from demo init run watch ls show open log cancel check config study cluster sprint plan loop inbox reply auto cron status tick completions man task help" -f -a "reply" -d 'Answer a message of the inbox, or send a note to a sprint'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and not __fish_seen_subcommand_from demo init run watch ls show open log cancel check config study cluster sprint plan loop inbox reply auto cron status tick completions man task help" -f -a "auto" -d 'Let everything go on by itself while you are away'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and not __fish_seen_subcommand_from demo init run watch ls show open log cancel check config study cluster sprint plan loop inbox reply auto cron status tick completions man task help" -f -a "cron" -d 'Let cron run `tick`, so that all goes on while you are away'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and not __fish_seen_subcommand_from demo init run watch ls show open log cancel check config study cluster sprint plan loop inbox reply auto cron status tick completions man task help" -f -a "status" -d 'Show what runs, what waits, what needs you, and what has been spent'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and not __fish_seen_subcommand_from demo init run watch ls show open log cancel check config study cluster sprint plan loop inbox reply auto cron status tick completions man task help" -f -a "tick" -d 'Check all clusters once: record what happened and do what is due'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and not __fish_seen_subcommand_from demo init run watch ls show open log cancel check config study cluster sprint plan loop inbox reply auto cron status tick completions man task help" -f -a "completions" -d 'Print a completion script for a shell'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and not __fish_seen_subcommand_from demo init run watch ls show open log cancel check config study cluster sprint plan loop inbox reply auto cron status tick completions man task help" -f -a "man" -d 'Write the manual pages'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and not __fish_seen_subcommand_from demo init run watch ls show open log cancel check config study cluster sprint plan loop inbox reply auto cron status tick completions man task help" -f -a "task" -d 'The backlog: ideas, what they need, and who works on them'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and not __fish_seen_subcommand_from demo init run watch ls show open log cancel check config study cluster sprint plan loop inbox reply auto cron status tick completions man task help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "check" -d 'Check it, and print what differs from the defaults, with its source'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from study" -f -a "list" -d 'List the studies of the configuration'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from study" -f -a "show" -d 'Show one study and its newest sprints'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from study" -f -a "leaderboard" -d 'Rank the sprints of a study by its metric, and draw how it developed'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from study" -f -a "findings" -d 'List what the sprints of a study found, newest first'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from study" -f -a "open" -d 'Show a study as a page in your browser: leaderboard, findings, sprints'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from study" -f -a "init" -d 'Begin a study: write its CLAUDE.md and program.md, and add it to the configuration'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from study" -f -a "set" -d 'Change settings of a study in the configuration file; comments and layout stay'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from cluster" -f -a "list" -d 'List the clusters of the configuration'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from cluster" -f -a "check" -d 'Check the connection, the scheduler, the folder and Claude on the login node'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from cluster" -f -a "setup" -d 'Make the host known, and put the runner there'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from sprint" -f -a "run" -d 'Run one idea as a sprint'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from sprint" -f -a "list" -d 'List sprints, newest first'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from sprint" -f -a "show" -d 'Show one sprint: its state, its cost, and what to do next'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from sprint" -f -a "watch" -d 'Show a live screen until the sprint ends; Ctrl-C leaves the job running'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from sprint" -f -a "log" -d 'Print what happened, line by line'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from sprint" -f -a "fetch" -d 'Fetch the sprint\'s files to this machine'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from sprint" -f -a "cancel" -d 'End the sprint and everything that it has started'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from sprint" -f -a "tweak" -d 'Ask for a small change of a finished sprint, in its directory and its session'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from sprint" -f -a "resubmit" -d 'Run the same idea again, as a new sprint'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from sprint" -f -a "delete" -d 'Forget a sprint and its files on this machine'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from loop" -f -a "start" -d 'Start a loop on a study'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from loop" -f -a "list" -d 'List loops, the running ones first'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from loop" -f -a "show" -d 'Show one loop: what it did, what it has used, why it ended'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from loop" -f -a "edit" -d 'Change what a loop does from now on'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from loop" -f -a "stop" -d 'Stop a loop; jobs that run go on, unless --now'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from loop" -f -a "resume" -d 'Let a loop that has ended run again; what it has done and used counts on'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from auto" -f -a "on" -d 'Begin: clusters are checked and sprints go on every few minutes, as long as this machine is awake'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from auto" -f -a "off" -d 'Stop: jobs that run go on, and nothing new is begun'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from auto" -f -a "status" -d 'Show whether it is on, when it last ran, and what went wrong since'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from cron" -f -a "install" -d 'Put a line for this project into your crontab, after a try in cron\'s own environment'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from cron" -f -a "remove" -d 'Take the line of this project out of your crontab'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from cron" -f -a "show" -d 'Show the line, the last good tick, and what went wrong since'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from task" -f -a "add" -d 'Add an idea to the backlog'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from task" -f -a "list" -d 'List tasks in the order in which they are taken'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from task" -f -a "show" -d 'Show one task: what it needs, what waits for it, its attempts, what to do next'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from task" -f -a "edit" -d 'Change tasks, or what they need'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from task" -f -a "next" -d 'Show the task that is to be begun next'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from task" -f -a "claim" -d 'Take a ready task for a while; prints the claim\'s token'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from task" -f -a "heartbeat" -d 'Extend a claim'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from task" -f -a "release" -d 'Give a claim back; nothing is counted'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from task" -f -a "done" -d 'Say that a task is done; its command must succeed here first'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from task" -f -a "fail" -d 'Say that a task failed'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from task" -f -a "retry" -d 'Open tasks again, and forget how often they have failed'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from task" -f -a "cancel" -d 'Cancel tasks, with their parts'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from task" -f -a "import" -d 'Add the tasks of a YAML or JSON file, all or none'
complete -c researchloop -n "__fish_researchloop_using_subcommand help; and __fish_seen_subcommand_from task" -f -a "graph" -d 'Show what waits for what'
