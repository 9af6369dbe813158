# What can stand at the cursor is asked of forgectl: it reads the manifest named on the line, and its own books.
complete --command forgectl --no-files --arguments '(forgectl __complete fish (count (commandline -opc)) (commandline -opc) (commandline -ct) 2>/dev/null)'
