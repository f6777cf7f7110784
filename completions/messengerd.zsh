#compdef messengerd

autoload -U is-at-least

_messengerd() {
    typeset -A opt_args
    typeset -a _arguments_options
    local ret=1

    if is-at-least 5.2; then
        _arguments_options=(-s -S -C)
    else
        _arguments_options=(-s -C)
    fi

    local context curcontext="$curcontext" state line
    _arguments "${_arguments_options[@]}" : \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
":: :_messengerd_commands" \
"*::: :->messengerd" \
&& ret=0
    case $state in
    (messengerd)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:messengerd-command-$line[1]:"
        case $line[1] in
            (serve)
_arguments "${_arguments_options[@]}" : \
'--config=[Settings file (TOML)]:FILE:_files' \
'--data-dir=[Where accounts, messages and keys live]:DIR:_files' \
'--listen=[QUIC (UDP) and TLS (TCP) \[default\: \[\:\:\]\:8443\]]:ADDR:PORT:_default' \
'--http=[Plain HTTP, or "off" \[default\: 127.0.0.1\:8080\]]:ADDR:PORT:_default' \
'--advertise=[Address for invite links, as clients reach this daemon]:HOST:PORT:_default' \
'--registration=[Who may make an account\: local, open, invite, closed \[default\: local\]]:POLICY:_default' \
'--web-dir=[Serve the pages from here in place of the built-in ones, to work on them]:DIR:_files' \
'--http-insecure[Allow plain HTTP on an address that other machines can reach]' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(config)
_arguments "${_arguments_options[@]}" : \
'-h[Print help]' \
'--help[Print help]' \
":: :_messengerd__subcmd__config_commands" \
"*::: :->config" \
&& ret=0

    case $state in
    (config)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:messengerd-config-command-$line[1]:"
        case $line[1] in
            (check)
_arguments "${_arguments_options[@]}" : \
'--config=[Settings file (TOML)]:FILE:_files' \
'--data-dir=[Where accounts, messages and keys live]:DIR:_files' \
'--listen=[QUIC (UDP) and TLS (TCP) \[default\: \[\:\:\]\:8443\]]:ADDR:PORT:_default' \
'--http=[Plain HTTP, or "off" \[default\: 127.0.0.1\:8080\]]:ADDR:PORT:_default' \
'--advertise=[Address for invite links, as clients reach this daemon]:HOST:PORT:_default' \
'--registration=[Who may make an account\: local, open, invite, closed \[default\: local\]]:POLICY:_default' \
'--web-dir=[Serve the pages from here in place of the built-in ones, to work on them]:DIR:_files' \
'--http-insecure[Allow plain HTTP on an address that other machines can reach]' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(example)
_arguments "${_arguments_options[@]}" : \
'--env[Of variables, for a file \`.env\`, in place of messengerd.toml]' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_messengerd__subcmd__config__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:messengerd-config-help-command-$line[1]:"
        case $line[1] in
            (check)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(example)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
        esac
    ;;
esac
;;
(invite)
_arguments "${_arguments_options[@]}" : \
'--uses=[How many accounts it may make]:USES:_default' \
'--days=[For how many days; for ever where absent]:DAYS:_default' \
'--config=[Settings file (TOML)]:FILE:_files' \
'--data-dir=[Where accounts, messages and keys live]:DIR:_files' \
'--listen=[QUIC (UDP) and TLS (TCP) \[default\: \[\:\:\]\:8443\]]:ADDR:PORT:_default' \
'--http=[Plain HTTP, or "off" \[default\: 127.0.0.1\:8080\]]:ADDR:PORT:_default' \
'--advertise=[Address for invite links, as clients reach this daemon]:HOST:PORT:_default' \
'--registration=[Who may make an account\: local, open, invite, closed \[default\: local\]]:POLICY:_default' \
'--web-dir=[Serve the pages from here in place of the built-in ones, to work on them]:DIR:_files' \
'--http-insecure[Allow plain HTTP on an address that other machines can reach]' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(migrate)
_arguments "${_arguments_options[@]}" : \
'--config=[Settings file (TOML)]:FILE:_files' \
'--data-dir=[Where accounts, messages and keys live]:DIR:_files' \
'--listen=[QUIC (UDP) and TLS (TCP) \[default\: \[\:\:\]\:8443\]]:ADDR:PORT:_default' \
'--http=[Plain HTTP, or "off" \[default\: 127.0.0.1\:8080\]]:ADDR:PORT:_default' \
'--advertise=[Address for invite links, as clients reach this daemon]:HOST:PORT:_default' \
'--registration=[Who may make an account\: local, open, invite, closed \[default\: local\]]:POLICY:_default' \
'--web-dir=[Serve the pages from here in place of the built-in ones, to work on them]:DIR:_files' \
'--http-insecure[Allow plain HTTP on an address that other machines can reach]' \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(import)
_arguments "${_arguments_options[@]}" : \
'--from=[Where it is\: a postgres\:// URL without a password, env\:NAME for a variable that holds such a URL, env for the variables DB_*, or a file with either (such as the earlier messenger'\''s .env)]:PLACE:_default' \
'--from-password-file=[File with the password of that database]:FILE:_files' \
'--uploads=[Directory of the earlier messenger'\''s uploads, for pictures of people and chats]:DIR:_files' \
'*--admin=[An account, by its name there, that is to administer the server; may be given several times]:USER:_default' \
'--config=[Settings file (TOML)]:FILE:_files' \
'--data-dir=[Where accounts, messages and keys live]:DIR:_files' \
'--listen=[QUIC (UDP) and TLS (TCP) \[default\: \[\:\:\]\:8443\]]:ADDR:PORT:_default' \
'--http=[Plain HTTP, or "off" \[default\: 127.0.0.1\:8080\]]:ADDR:PORT:_default' \
'--advertise=[Address for invite links, as clients reach this daemon]:HOST:PORT:_default' \
'--registration=[Who may make an account\: local, open, invite, closed \[default\: local\]]:POLICY:_default' \
'--web-dir=[Serve the pages from here in place of the built-in ones, to work on them]:DIR:_files' \
'--dry-run[Keep nothing\: import into an empty store that is thrown away, and show the table]' \
'--json[Print the table as JSON]' \
'--http-insecure[Allow plain HTTP on an address that other machines can reach]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(move)
_arguments "${_arguments_options[@]}" : \
'--from=[Where the community is]:PLACE:_default' \
'--to=[Where it is to be]:PLACE:_default' \
'--from-password-file=[File with the password of the database it is in]:FILE:_files' \
'--to-password-file=[File with the password of the database it is to be in]:FILE:_files' \
'--config=[Settings file (TOML)]:FILE:_files' \
'--data-dir=[Where accounts, messages and keys live]:DIR:_files' \
'--listen=[QUIC (UDP) and TLS (TCP) \[default\: \[\:\:\]\:8443\]]:ADDR:PORT:_default' \
'--http=[Plain HTTP, or "off" \[default\: 127.0.0.1\:8080\]]:ADDR:PORT:_default' \
'--advertise=[Address for invite links, as clients reach this daemon]:HOST:PORT:_default' \
'--registration=[Who may make an account\: local, open, invite, closed \[default\: local\]]:POLICY:_default' \
'--web-dir=[Serve the pages from here in place of the built-in ones, to work on them]:DIR:_files' \
'--http-insecure[Allow plain HTTP on an address that other machines can reach]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_messengerd__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:messengerd-help-command-$line[1]:"
        case $line[1] in
            (serve)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(config)
_arguments "${_arguments_options[@]}" : \
":: :_messengerd__subcmd__help__subcmd__config_commands" \
"*::: :->config" \
&& ret=0

    case $state in
    (config)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:messengerd-help-config-command-$line[1]:"
        case $line[1] in
            (check)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(example)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
(invite)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(migrate)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(import)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(move)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
        esac
    ;;
esac
}

(( $+functions[_messengerd_commands] )) ||
_messengerd_commands() {
    local commands; commands=(
'serve:Serve clients until told to stop' \
'config:Look at the settings' \
'invite:Make an invite link, also while the daemon runs' \
'migrate:Bring the store'\''s schema up to this program and exit' \
'import:Take over the database of the earlier messenger. Stop its daemon before' \
'move:Move the community into another, empty store. Stop its daemons before' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'messengerd commands' commands "$@"
}
(( $+functions[_messengerd__subcmd__config_commands] )) ||
_messengerd__subcmd__config_commands() {
    local commands; commands=(
'check:Check the settings and say all that is wrong with them' \
'example:Print a commented example file' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'messengerd config commands' commands "$@"
}
(( $+functions[_messengerd__subcmd__config__subcmd__check_commands] )) ||
_messengerd__subcmd__config__subcmd__check_commands() {
    local commands; commands=()
    _describe -t commands 'messengerd config check commands' commands "$@"
}
(( $+functions[_messengerd__subcmd__config__subcmd__example_commands] )) ||
_messengerd__subcmd__config__subcmd__example_commands() {
    local commands; commands=()
    _describe -t commands 'messengerd config example commands' commands "$@"
}
(( $+functions[_messengerd__subcmd__config__subcmd__help_commands] )) ||
_messengerd__subcmd__config__subcmd__help_commands() {
    local commands; commands=(
'check:Check the settings and say all that is wrong with them' \
'example:Print a commented example file' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'messengerd config help commands' commands "$@"
}
(( $+functions[_messengerd__subcmd__config__subcmd__help__subcmd__check_commands] )) ||
_messengerd__subcmd__config__subcmd__help__subcmd__check_commands() {
    local commands; commands=()
    _describe -t commands 'messengerd config help check commands' commands "$@"
}
(( $+functions[_messengerd__subcmd__config__subcmd__help__subcmd__example_commands] )) ||
_messengerd__subcmd__config__subcmd__help__subcmd__example_commands() {
    local commands; commands=()
    _describe -t commands 'messengerd config help example commands' commands "$@"
}
(( $+functions[_messengerd__subcmd__config__subcmd__help__subcmd__help_commands] )) ||
_messengerd__subcmd__config__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'messengerd config help help commands' commands "$@"
}
(( $+functions[_messengerd__subcmd__help_commands] )) ||
_messengerd__subcmd__help_commands() {
    local commands; commands=(
'serve:Serve clients until told to stop' \
'config:Look at the settings' \
'invite:Make an invite link, also while the daemon runs' \
'migrate:Bring the store'\''s schema up to this program and exit' \
'import:Take over the database of the earlier messenger. Stop its daemon before' \
'move:Move the community into another, empty store. Stop its daemons before' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'messengerd help commands' commands "$@"
}
(( $+functions[_messengerd__subcmd__help__subcmd__config_commands] )) ||
_messengerd__subcmd__help__subcmd__config_commands() {
    local commands; commands=(
'check:Check the settings and say all that is wrong with them' \
'example:Print a commented example file' \
    )
    _describe -t commands 'messengerd help config commands' commands "$@"
}
(( $+functions[_messengerd__subcmd__help__subcmd__config__subcmd__check_commands] )) ||
_messengerd__subcmd__help__subcmd__config__subcmd__check_commands() {
    local commands; commands=()
    _describe -t commands 'messengerd help config check commands' commands "$@"
}
(( $+functions[_messengerd__subcmd__help__subcmd__config__subcmd__example_commands] )) ||
_messengerd__subcmd__help__subcmd__config__subcmd__example_commands() {
    local commands; commands=()
    _describe -t commands 'messengerd help config example commands' commands "$@"
}
(( $+functions[_messengerd__subcmd__help__subcmd__help_commands] )) ||
_messengerd__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'messengerd help help commands' commands "$@"
}
(( $+functions[_messengerd__subcmd__help__subcmd__import_commands] )) ||
_messengerd__subcmd__help__subcmd__import_commands() {
    local commands; commands=()
    _describe -t commands 'messengerd help import commands' commands "$@"
}
(( $+functions[_messengerd__subcmd__help__subcmd__invite_commands] )) ||
_messengerd__subcmd__help__subcmd__invite_commands() {
    local commands; commands=()
    _describe -t commands 'messengerd help invite commands' commands "$@"
}
(( $+functions[_messengerd__subcmd__help__subcmd__migrate_commands] )) ||
_messengerd__subcmd__help__subcmd__migrate_commands() {
    local commands; commands=()
    _describe -t commands 'messengerd help migrate commands' commands "$@"
}
(( $+functions[_messengerd__subcmd__help__subcmd__move_commands] )) ||
_messengerd__subcmd__help__subcmd__move_commands() {
    local commands; commands=()
    _describe -t commands 'messengerd help move commands' commands "$@"
}
(( $+functions[_messengerd__subcmd__help__subcmd__serve_commands] )) ||
_messengerd__subcmd__help__subcmd__serve_commands() {
    local commands; commands=()
    _describe -t commands 'messengerd help serve commands' commands "$@"
}
(( $+functions[_messengerd__subcmd__import_commands] )) ||
_messengerd__subcmd__import_commands() {
    local commands; commands=()
    _describe -t commands 'messengerd import commands' commands "$@"
}
(( $+functions[_messengerd__subcmd__invite_commands] )) ||
_messengerd__subcmd__invite_commands() {
    local commands; commands=()
    _describe -t commands 'messengerd invite commands' commands "$@"
}
(( $+functions[_messengerd__subcmd__migrate_commands] )) ||
_messengerd__subcmd__migrate_commands() {
    local commands; commands=()
    _describe -t commands 'messengerd migrate commands' commands "$@"
}
(( $+functions[_messengerd__subcmd__move_commands] )) ||
_messengerd__subcmd__move_commands() {
    local commands; commands=()
    _describe -t commands 'messengerd move commands' commands "$@"
}
(( $+functions[_messengerd__subcmd__serve_commands] )) ||
_messengerd__subcmd__serve_commands() {
    local commands; commands=()
    _describe -t commands 'messengerd serve commands' commands "$@"
}

if [ "$funcstack[1]" = "_messengerd" ]; then
    _messengerd "$@"
else
    compdef _messengerd messengerd
fi
