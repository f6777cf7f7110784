complete --keep-order --exclusive --command mchat --arguments "(COMPLETE=fish mchat -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"
