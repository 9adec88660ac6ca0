# Completion for fish. The program is asked what may stand here; its answer is shown, never run.
complete --command researchloop --no-files --keep-order --arguments "(RESEARCHLOOP_COMPLETE=1 researchloop -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token --cut-at-cursor) 2>/dev/null)"
