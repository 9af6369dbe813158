# What can stand at the cursor is asked of forgectl: it reads the manifest named on the line, and its own books.
complete -o default -o nospace -C 'forgectl __complete bash 2>/dev/null' forgectl
