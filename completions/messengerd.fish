# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_messengerd_global_optspecs
    string join \n h/help V/version
end

function __fish_messengerd_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_messengerd_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_messengerd_using_subcommand
    set -l cmd (__fish_messengerd_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c messengerd -n "__fish_messengerd_needs_command" -s h -l help -d 'Print help'
complete -c messengerd -n "__fish_messengerd_needs_command" -s V -l version -d 'Print version'
complete -c messengerd -n "__fish_messengerd_needs_command" -f -a "serve" -d 'Serve clients until told to stop'
complete -c messengerd -n "__fish_messengerd_needs_command" -f -a "config" -d 'Look at the settings'
complete -c messengerd -n "__fish_messengerd_needs_command" -f -a "invite" -d 'Make an invite link, also while the daemon runs'
complete -c messengerd -n "__fish_messengerd_needs_command" -f -a "migrate" -d 'Bring the store\'s schema up to this program and exit'
complete -c messengerd -n "__fish_messengerd_needs_command" -f -a "import" -d 'Take over the database of the earlier messenger. Stop its daemon before'
complete -c messengerd -n "__fish_messengerd_needs_command" -f -a "move" -d 'Move the community into another, empty store. Stop its daemons before'
complete -c messengerd -n "__fish_messengerd_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c messengerd -n "__fish_messengerd_using_subcommand serve" -l config -d 'Settings file (TOML)' -r -F
complete -c messengerd -n "__fish_messengerd_using_subcommand serve" -l data-dir -d 'Where accounts, messages and keys live' -r -F
complete -c messengerd -n "__fish_messengerd_using_subcommand serve" -l listen -d 'QUIC (UDP) and TLS (TCP) [default: [::]:8443]' -r
complete -c messengerd -n "__fish_messengerd_using_subcommand serve" -l http -d 'Plain HTTP, or "off" [default: 127.0.0.1:8080]' -r
complete -c messengerd -n "__fish_messengerd_using_subcommand serve" -l advertise -d 'Address for invite links, as clients reach this daemon' -r
complete -c messengerd -n "__fish_messengerd_using_subcommand serve" -l registration -d 'Who may make an account: local, open, invite, closed [default: local]' -r
complete -c messengerd -n "__fish_messengerd_using_subcommand serve" -l web-dir -d 'Serve the pages from here in place of the built-in ones, to work on them' -r -F
complete -c messengerd -n "__fish_messengerd_using_subcommand serve" -l http-insecure -d 'Allow plain HTTP on an address that other machines can reach'
complete -c messengerd -n "__fish_messengerd_using_subcommand serve" -s h -l help -d 'Print help'
complete -c messengerd -n "__fish_messengerd_using_subcommand config; and not __fish_seen_subcommand_from check example help" -s h -l help -d 'Print help'
complete -c messengerd -n "__fish_messengerd_using_subcommand config; and not __fish_seen_subcommand_from check example help" -f -a "check" -d 'Check the settings and say all that is wrong with them'
complete -c messengerd -n "__fish_messengerd_using_subcommand config; and not __fish_seen_subcommand_from check example help" -f -a "example" -d 'Print a commented example file'
complete -c messengerd -n "__fish_messengerd_using_subcommand config; and not __fish_seen_subcommand_from check example help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c messengerd -n "__fish_messengerd_using_subcommand config; and __fish_seen_subcommand_from check" -l config -d 'Settings file (TOML)' -r -F
complete -c messengerd -n "__fish_messengerd_using_subcommand config; and __fish_seen_subcommand_from check" -l data-dir -d 'Where accounts, messages and keys live' -r -F
complete -c messengerd -n "__fish_messengerd_using_subcommand config; and __fish_seen_subcommand_from check" -l listen -d 'QUIC (UDP) and TLS (TCP) [default: [::]:8443]' -r
complete -c messengerd -n "__fish_messengerd_using_subcommand config; and __fish_seen_subcommand_from check" -l http -d 'Plain HTTP, or "off" [default: 127.0.0.1:8080]' -r
complete -c messengerd -n "__fish_messengerd_using_subcommand config; and __fish_seen_subcommand_from check" -l advertise -d 'Address for invite links, as clients reach this daemon' -r
complete -c messengerd -n "__fish_messengerd_using_subcommand config; and __fish_seen_subcommand_from check" -l registration -d 'Who may make an account: local, open, invite, closed [default: local]' -r
complete -c messengerd -n "__fish_messengerd_using_subcommand config; and __fish_seen_subcommand_from check" -l web-dir -d 'Serve the pages from here in place of the built-in ones, to work on them' -r -F
complete -c messengerd -n "__fish_messengerd_using_subcommand config; and __fish_seen_subcommand_from check" -l http-insecure -d 'Allow plain HTTP on an address that other machines can reach'
complete -c messengerd -n "__fish_messengerd_using_subcommand config; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c messengerd -n "__fish_messengerd_using_subcommand config; and __fish_seen_subcommand_from example" -l env -d 'Of variables, for a file `.env`, in place of messengerd.toml'
complete -c messengerd -n "__fish_messengerd_using_subcommand config; and __fish_seen_subcommand_from example" -s h -l help -d 'Print help'
complete -c messengerd -n "__fish_messengerd_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "check" -d 'Check the settings and say all that is wrong with them'
complete -c messengerd -n "__fish_messengerd_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "example" -d 'Print a commented example file'
complete -c messengerd -n "__fish_messengerd_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c messengerd -n "__fish_messengerd_using_subcommand invite" -l uses -d 'How many accounts it may make' -r
complete -c messengerd -n "__fish_messengerd_using_subcommand invite" -l days -d 'For how many days; for ever where absent' -r
complete -c messengerd -n "__fish_messengerd_using_subcommand invite" -l config -d 'Settings file (TOML)' -r -F
complete -c messengerd -n "__fish_messengerd_using_subcommand invite" -l data-dir -d 'Where accounts, messages and keys live' -r -F
complete -c messengerd -n "__fish_messengerd_using_subcommand invite" -l listen -d 'QUIC (UDP) and TLS (TCP) [default: [::]:8443]' -r
complete -c messengerd -n "__fish_messengerd_using_subcommand invite" -l http -d 'Plain HTTP, or "off" [default: 127.0.0.1:8080]' -r
complete -c messengerd -n "__fish_messengerd_using_subcommand invite" -l advertise -d 'Address for invite links, as clients reach this daemon' -r
complete -c messengerd -n "__fish_messengerd_using_subcommand invite" -l registration -d 'Who may make an account: local, open, invite, closed [default: local]' -r
complete -c messengerd -n "__fish_messengerd_using_subcommand invite" -l web-dir -d 'Serve the pages from here in place of the built-in ones, to work on them' -r -F
complete -c messengerd -n "__fish_messengerd_using_subcommand invite" -l http-insecure -d 'Allow plain HTTP on an address that other machines can reach'
complete -c messengerd -n "__fish_messengerd_using_subcommand invite" -s h -l help -d 'Print help'
complete -c messengerd -n "__fish_messengerd_using_subcommand migrate" -l config -d 'Settings file (TOML)' -r -F
complete -c messengerd -n "__fish_messengerd_using_subcommand migrate" -l data-dir -d 'Where accounts, messages and keys live' -r -F
complete -c messengerd -n "__fish_messengerd_using_subcommand migrate" -l listen -d 'QUIC (UDP) and TLS (TCP) [default: [::]:8443]' -r
complete -c messengerd -n "__fish_messengerd_using_subcommand migrate" -l http -d 'Plain HTTP, or "off" [default: 127.0.0.1:8080]' -r
complete -c messengerd -n "__fish_messengerd_using_subcommand migrate" -l advertise -d 'Address for invite links, as clients reach this daemon' -r
complete -c messengerd -n "__fish_messengerd_using_subcommand migrate" -l registration -d 'Who may make an account: local, open, invite, closed [default: local]' -r
complete -c messengerd -n "__fish_messengerd_using_subcommand migrate" -l web-dir -d 'Serve the pages from here in place of the built-in ones, to work on them' -r -F
complete -c messengerd -n "__fish_messengerd_using_subcommand migrate" -l http-insecure -d 'Allow plain HTTP on an address that other machines can reach'
complete -c messengerd -n "__fish_messengerd_using_subcommand migrate" -s h -l help -d 'Print help'
complete -c messengerd -n "__fish_messengerd_using_subcommand import" -l from -d 'Where it is: a postgres:// URL without a password, env:NAME for a variable that holds such a URL, env for the variables DB_*, or a file with either (such as the earlier messenger\'s .env)' -r
complete -c messengerd -n "__fish_messengerd_using_subcommand import" -l from-password-file -d 'File with the password of that database' -r -F
complete -c messengerd -n "__fish_messengerd_using_subcommand import" -l uploads -d 'Directory of the earlier messenger\'s uploads, for pictures of people and chats' -r -F
complete -c messengerd -n "__fish_messengerd_using_subcommand import" -l admin -d 'An account, by its name there, that is to administer the server; may be given several times' -r
complete -c messengerd -n "__fish_messengerd_using_subcommand import" -l config -d 'Settings file (TOML)' -r -F
complete -c messengerd -n "__fish_messengerd_using_subcommand import" -l data-dir -d 'Where accounts, messages and keys live' -r -F
complete -c messengerd -n "__fish_messengerd_using_subcommand import" -l listen -d 'QUIC (UDP) and TLS (TCP) [default: [::]:8443]' -r
complete -c messengerd -n "__fish_messengerd_using_subcommand import" -l http -d 'Plain HTTP, or "off" [default: 127.0.0.1:8080]' -r
complete -c messengerd -n "__fish_messengerd_using_subcommand import" -l advertise -d 'Address for invite links, as clients reach this daemon' -r
complete -c messengerd -n "__fish_messengerd_using_subcommand import" -l registration -d 'Who may make an account: local, open, invite, closed [default: local]' -r
complete -c messengerd -n "__fish_messengerd_using_subcommand import" -l web-dir -d 'Serve the pages from here in place of the built-in ones, to work on them' -r -F
complete -c messengerd -n "__fish_messengerd_using_subcommand import" -l dry-run -d 'Keep nothing: import into an empty store that is thrown away, and show the table'
complete -c messengerd -n "__fish_messengerd_using_subcommand import" -l json -d 'Print the table as JSON'
complete -c messengerd -n "__fish_messengerd_using_subcommand import" -l http-insecure -d 'Allow plain HTTP on an address that other machines can reach'
complete -c messengerd -n "__fish_messengerd_using_subcommand import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c messengerd -n "__fish_messengerd_using_subcommand move" -l from -d 'Where the community is' -r
complete -c messengerd -n "__fish_messengerd_using_subcommand move" -l to -d 'Where it is to be' -r
complete -c messengerd -n "__fish_messengerd_using_subcommand move" -l from-password-file -d 'File with the password of the database it is in' -r -F
complete -c messengerd -n "__fish_messengerd_using_subcommand move" -l to-password-file -d 'File with the password of the database it is to be in' -r -F
complete -c messengerd -n "__fish_messengerd_using_subcommand move" -l config -d 'Settings file (TOML)' -r -F
complete -c messengerd -n "__fish_messengerd_using_subcommand move" -l data-dir -d 'Where accounts, messages and keys live' -r -F
complete -c messengerd -n "__fish_messengerd_using_subcommand move" -l listen -d 'QUIC (UDP) and TLS (TCP) [default: [::]:8443]' -r
complete -c messengerd -n "__fish_messengerd_using_subcommand move" -l http -d 'Plain HTTP, or "off" [default: 127.0.0.1:8080]' -r
complete -c messengerd -n "__fish_messengerd_using_subcommand move" -l advertise -d 'Address for invite links, as clients reach this daemon' -r
complete -c messengerd -n "__fish_messengerd_using_subcommand move" -l registration -d 'Who may make an account: local, open, invite, closed [default: local]' -r
complete -c messengerd -n "__fish_messengerd_using_subcommand move" -l web-dir -d 'Serve the pages from here in place of the built-in ones, to work on them' -r -F
complete -c messengerd -n "__fish_messengerd_using_subcommand move" -l http-insecure -d 'Allow plain HTTP on an address that other machines can reach'
complete -c messengerd -n "__fish_messengerd_using_subcommand move" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c messengerd -n "__fish_messengerd_using_subcommand help; and not __fish_seen_subcommand_from serve config invite migrate import move help" -f -a "serve" -d 'Serve clients until told to stop'
complete -c messengerd -n "__fish_messengerd_using_subcommand help; and not __fish_seen_subcommand_from serve config invite migrate import move help" -f -a "config" -d 'Look at the settings'
complete -c messengerd -n "__fish_messengerd_using_subcommand help; and not __fish_seen_subcommand_from serve config invite migrate import move help" -f -a "invite" -d 'Make an invite link, also while the daemon runs'
complete -c messengerd -n "__fish_messengerd_using_subcommand help; and not __fish_seen_subcommand_from serve config invite migrate import move help" -f -a "migrate" -d 'Bring the store\'s schema up to this program and exit'
complete -c messengerd -n "__fish_messengerd_using_subcommand help; and not __fish_seen_subcommand_from serve config invite migrate import move help" -f -a "import" -d 'Take over the database of the earlier messenger. Stop its daemon before'
complete -c messengerd -n "__fish_messengerd_using_subcommand help; and not __fish_seen_subcommand_from serve config invite migrate import move help" -f -a "move" -d 'Move the community into another, empty store. Stop its daemons before'
complete -c messengerd -n "__fish_messengerd_using_subcommand help; and not __fish_seen_subcommand_from serve config invite migrate import move help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c messengerd -n "__fish_messengerd_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "check" -d 'Check the settings and say all that is wrong with them'
complete -c messengerd -n "__fish_messengerd_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "example" -d 'Print a commented example file'
