#!/usr/bin/env bash
# Follows the contract of the web endpoint line by line with nothing but curl
# and jq, against a running daemon with an empty store.
#
# Usage: contract.sh http://HOST:PORT SECTION...
#
# Each request is sent as the contract writes it. Beside what a line says, every
# answer is looked at for what holds everywhere: non-empty JSON, errors with a
# sentence and a word, times in UTC with milliseconds, ids in lower case, no
# password. The first time a route is used it is also asked by nobody, with and
# without a slash at its end: 401 both times.
set -u
export LC_ALL=C.UTF-8

base=${1:?the address of a daemon}
shift
api=/api/v1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
checks=0
failures=0
status=
body=
declare -A probed=()

# ── requests ─────────────────────────────────────────────────────────────────

fail() {
    failures=$((failures + 1))
    printf 'FAIL %s: %s\n' "$(caller_line)" "$*" >&2
}

# The line of the section that is being followed.
caller_line() {
    local depth
    for depth in "${!FUNCNAME[@]}"; do
        case ${FUNCNAME[$depth]} in
        section_*)
            printf 'line %s (%s)' "${BASH_LINENO[$((depth - 1))]}" "${FUNCNAME[$depth]#section_}"
            return
            ;;
        esac
    done
}

# request TOKEN METHOD PATH [CURL_ARGUMENT...]: sets status and body.
request() {
    local token=$1 method=$2 path=$3
    shift 3
    local -a arguments=(--silent --show-error --max-time 60 --globoff --request "$method"
        --output "$work/body" --dump-header "$work/head" --write-out '%{http_code}')
    [ "$token" = - ] || arguments+=(--header "Authorization: Bearer $token")
    : >"$work/body"
    status=$(curl "${arguments[@]}" "$@" "$base$path") || status="000 (no answer)"
    body=$(tr -d '\0' <"$work/body")
}

header() {
    tr -d '\r' <"$work/head" | awk -F': ' -v name="$1" 'tolower($1) == name { print $2; exit }'
}

# The same path with a slash before its query.
slashed() {
    case $1 in
    *\?*) printf '%s/?%s' "${1%%\?*}" "${1#*\?}" ;;
    *) printf '%s/' "$1" ;;
    esac
}

# What has to hold for every answer below /api/v1.
everywhere() {
    local what=$1
    checks=$((checks + 1))
    case $status in
    2??) ;;
    422) fail "$what: 422 is never answered" ;;
    4?? | 5??)
        jq -e '(.error | type == "string" and length > 0) and (.code | type == "string" and test("^[a-z_]+$"))' \
            "$work/body" >/dev/null 2>&1 || fail "$what: an error has a sentence and a word: $body"
        case $status in
        429 | 503) [ -n "$(header retry-after)" ] || fail "$what: $status without Retry-After" ;;
        esac
        ;;
    *) fail "$what: no redirect and nothing else: $status" ;;
    esac
    [ "$(header content-type)" = application/json ] || fail "$what: is $(header content-type)"
    jq -e '
        def times: [.. | objects | to_entries[]
            | select(.key | IN("created_at", "updated_at", "joined_at", "left_at", "last_seen",
                "expires_at", "last_message_time", "edited_at", "start_time", "end_time", "last_used"))
            | .value | select(. != null)];
        def ids: [.. | objects | .id? | select(. != null)];
        (times | all(test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z$")))
        and (ids | all(test("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")))
        and ([paths | last | tostring] | index("password") == null)
    ' "$work/body" >/dev/null 2>&1 || fail "$what: times, ids or a password are not as everywhere: $body"
}

# ask TOKEN METHOD PATH BODY STATUS [FILTER...]: as the contract writes it. A
# BODY of "" sends none, one of "@FILE" that file. STATUS may have alternatives
# ("404|403"). Every jq FILTER has to hold for the answer.
ask() {
    local token=$1 method=$2 path=$api$3 sent=$4 wanted=$5
    shift 5
    # Without --header it is called a form, which does not matter.
    local -a with=()
    [ -z "$sent" ] || with=(--data-binary "$sent")
    probe "$token" "$method" "$path"
    request "$token" "$method" "$path" "${with[@]}"
    answered "$method $path" "$wanted" "$@"
    # What may be done twice is done again in its other form.
    case $method,$status in
    GET,2?? | PUT,2??)
        request "$token" "$method" "$(slashed "$path")" "${with[@]}"
        answered "$method $(slashed "$path")" "$wanted" "$@"
        ;;
    esac
}

# form TOKEN PATH STATUS FIELD... -- [FILTER...]: a multipart POST.
form() {
    local token=$1 path=$api$2 wanted=$3
    shift 3
    local -a fields=()
    while [ "$1" != -- ]; do
        fields+=(--form "$1")
        shift
    done
    shift
    probe "$token" POST "$path"
    request "$token" POST "$path" "${fields[@]}"
    answered "POST $path" "$wanted" "$@"
}

answered() {
    local what=$1 wanted=$2 filter
    shift 2
    everywhere "$what"
    case "|$wanted|" in
    *"|$status|"*) ;;
    *)
        fail "$what: $status instead of $wanted: $body"
        return
        ;;
    esac
    for filter in "$@"; do
        checks=$((checks + 1))
        jq -e "$models $filter" "$work/body" >/dev/null 2>"$work/jq" ||
            fail "$what: not so: $filter $(cat "$work/jq") in $body"
    done
}

# The first time: who is not signed in, in both forms.
probe() {
    local token=$1 method=$2 path=$3 route
    [ "$token" != - ] || return 0
    route="$method $(sed -E 's/[0-9a-fA-F]{8}-[-0-9a-fA-F]{27}/ID/g; s/\?.*//' <<<"$path")"
    [ -z "${probed[$route]:-}" ] || return 0
    probed[$route]=1
    local form
    for form in "$path" "$(slashed "$path")"; do
        request - "$method" "$form"
        answered "$method $form by nobody" 401 '.code == "unauthenticated"'
    done
}

# get FILTER: something of the last answer.
get() { jq -r "$1" "$work/body"; }

uuid() { cat /proc/sys/kernel/random/uuid; }

# person NAME: registers; sets NAME to a token and NAME_id to an id.
person() {
    request - POST $api/auth/register \
        --data-binary "{\"username\":\"$1\",\"email\":\"$1@example.org\",\"password\":\"correct horse\"}"
    answered "registering $1" 201
    printf -v "$1" %s "$(get .token)"
    printf -v "${1}_id" %s "$(get .user.id)"
}

# The models: every key is there, and of its type.
models='
def has_all($keys): . as $it | $keys | all(. as $key | $it | has($key));
def strings($keys): . as $it | $keys | all(. as $key | $it[$key] | type == "string");
def user: has_all(["id", "username", "email", "first_name", "last_name", "avatar", "status", "last_seen",
        "is_active", "created_at", "updated_at"])
    and strings(["id", "username", "email", "first_name", "last_name", "avatar"])
    and (.status | IN("online", "offline", "away", "busy", "invisible"));
def settings: has_all(["allow_invites", "allow_members_add", "allow_file_sharing", "allow_voice_calls",
    "allow_video_calls", "message_retention", "history_for_new_members"]);
def member: has_all(["id", "chat_id", "user_id", "role", "is_active", "joined_at", "left_at", "created_at",
        "updated_at", "user", "read_seq", "delivered_seq"])
    and (.role | IN("admin", "moderator", "member")) and (.user | user) and .user.id == .user_id;
def reaction: has_all(["id", "message_id", "user_id", "emoji", "created_at", "user"]) and (.user | user);
def message: has_all(["id", "seq", "sender_id", "receiver_id", "chat_id", "content", "type", "status",
        "is_edited", "reply_to_id", "created_at", "updated_at", "sender", "receiver", "chat", "reply_to",
        "replies", "files", "reactions", "sender_name"])
    and (.type | IN("text", "file", "image", "video", "audio", "system"))
    and (.status | IN("sent", "delivered", "read", "failed"))
    and (.sender | user) and .sender.id == .sender_id and (.sender_name | length > 0)
    and ((.receiver_id == null) == (.receiver == null))
    and .replies == [] and (.files | type == "array") and (.reactions | all(reaction));
def chat: has_all(["id", "name", "description", "type", "avatar", "created_by", "is_active", "created_at",
        "updated_at", "creator", "members", "messages", "last_message", "last_message_time", "unread_count",
        "is_online", "seq", "settings"])
    and strings(["name", "description", "avatar", "last_message"]) and .is_active == true
    and (.type | IN("private", "group", "public")) and (.members | all(member))
    and (.messages | all(message)) and (.settings | settings) and (.is_online | type == "boolean");
def invite: has_all(["id", "chat_id", "invited_by", "token", "expires_at", "max_uses", "uses"]);
def contact: has_all(["id", "user_id", "contact_id", "nickname", "is_blocked", "created_at", "updated_at",
    "contact", "username", "first_name", "last_name", "avatar", "status", "last_seen"])
    and (.contact | user) and .contact.id == .contact_id and .username == .contact.username;
'

# ── §1 Conventions ───────────────────────────────────────────────────────────

section_conventions() {
    person cony
    local nobody=00000000-0000-4000-8000-000000000000
    # 2. Any letter case of `bearer`; a token of characters that need no escape.
    request - GET $api/users/me --header "authorization: bEaReR $cony"
    answered "another case of bearer" 200 '.user | user'
    [[ $cony =~ ^[-A-Za-z0-9._~]+$ ]] || fail "the token needs escapes: $cony"
    local wrong
    for wrong in "" "Bearer" "Bearer " "Bearer nonsense" "Basic $cony" "$cony" "Bearer ${cony}x"; do
        request - GET $api/users/me --header "Authorization: $wrong"
        answered "a wrong Authorization" 401 '.code == "unauthenticated"'
    done
    # 3. Whatever the Content-Type; unknown keys; null = absent; required = not empty.
    local sort
    for sort in text/plain application/xml application/json nonsense; do
        request "$cony" POST $api/chats --header "Content-Type: $sort" \
            --data-binary '{"name":"by any type","unknown":{"a":[1]},"description":null}'
        answered "a body called $sort" 201 '.chat | chat and .description == ""'
    done
    ask "$cony" POST /chats '{"name":""}' 400
    ask "$cony" POST /chats '{"name":null}' 400
    ask "$cony" POST /chats '{"name":7}' 400
    ask "$cony" POST /chats '[]' 400
    ask "$cony" POST /chats '{"name":' 400
    ask "$cony" POST /chats '' 400
    head -c 1100000 /dev/zero | tr '\0' ' ' >"$work/large"
    ask "$cony" POST /chats "@$work/large" 413
    # Without a documented body: none, an empty one, or {}.
    local empty
    for empty in '' ' ' '{}'; do
        ask "$cony" POST /chats '{"name":"to be deleted"}' 201
        ask "$cony" DELETE "/chats/$(get .chat.id)" "$empty" 200
    done
    # 4. is looked at with every request.
    # 5. An unknown route, and a method that a route has not.
    ask - GET /nowhere '' 404
    ask - POST /nowhere/at/all '{}' 404
    ask "$cony" GET "/chats/<script>alert(1)</script>" '' '400|404' '.error | contains("script") | not'
    ask "$cony" PATCH /users/me '{}' 405
    # 6. is looked at with every answer.
    # 7. OPTIONS anywhere: 204, by nobody.
    local path
    for path in $api/chats $api/nowhere / /ws $api/users/me/; do
        request - OPTIONS "$path" --header 'Origin: https://elsewhere.example' \
            --header 'Access-Control-Request-Method: GET'
        [ "$status" = 204 ] || fail "OPTIONS $path: $status"
        [ -z "$(header access-control-allow-origin)" ] || fail "OPTIONS $path lets others in"
    done
    # 10. Any usual spelling of an id; a malformed one.
    ask "$cony" POST /chats '{"name":"spelt"}' 201
    local id upper
    id=$(get .chat.id)
    upper=${id^^}
    ask "$cony" GET "/chats/$upper" '' 200 ".chat.id == \"$id\""
    ask "$cony" GET "/chats/${id//-/}" '' 200 ".chat.id == \"$id\""
    for path in /chats/7 /chats/nonsense /messages/nonsense "/chats/${id}0" /users/nonsense; do
        ask "$cony" GET "$path" '' 400
    done
    ask "$cony" GET "/chats/$nobody" '' 404
    # 11. Pages.
    local n
    for n in 1 2 3 4 5; do
        ask "$cony" POST /messages "{\"chat_id\":\"$id\",\"content\":\"m$n\"}" 201
    done
    local said='[.messages[].content]'
    ask "$cony" GET "/messages?chat_id=$id&limit=2" '' 200 "$said == [\"m4\", \"m5\"]"
    ask "$cony" GET "/messages?chat_id=$id&limit=2&offset=2" '' 200 "$said == [\"m2\", \"m3\"]"
    ask "$cony" GET "/messages?chat_id=$id&limit=2&offset=4" '' 200 "$said == [\"m1\"]"
    ask "$cony" GET "/messages?chat_id=$id&offset=5" '' 200 "$said == []"
    for wrong in limit=0 limit=-1 limit=x offset=-1 offset=x limit= limit=1000; do
        ask "$cony" GET "/messages?chat_id=$id&$wrong" '' 200 '.messages | length == 5'
    done
    ask "$cony" GET "/messages?chat_id=$id&limit=2" '' 200
    local oldest
    oldest=$(get '.messages[0].seq')
    ask "$cony" GET "/messages?chat_id=$id&limit=2&before_seq=$oldest" '' 200 "$said == [\"m2\", \"m3\"]"
    ask "$cony" GET "/messages?chat_id=$id&limit=1&after_seq=$oldest" '' 200 "$said == [\"m5\"]"
    ask "$cony" GET "/messages?chat_id=$id&after_seq=0&limit=2" '' 200 "$said == [\"m1\", \"m2\"]"
}

# ── §3 Auth ──────────────────────────────────────────────────────────────────

section_auth() {
    local new='"email":"auth@example.org","password":"12345678"'
    ask - POST /auth/register "{\"username\":\"  auth \",$new,\"first_name\":\"Au\",\"last_name\":\"Th\"}" 201 \
        '.user | user and .username == "auth" and .email == "auth@example.org" and .first_name == "Au"' \
        '.token | test("^[-A-Za-z0-9._~]+$")'
    local first
    first=$(get .token)
    # Taken ignoring case, invalid, too short, missing.
    ask - POST /auth/register '{"username":"AUTH","email":"other@example.org","password":"12345678"}' 400
    ask - POST /auth/register '{"username":"other","email":"Auth@Example.org","password":"12345678"}' 400
    ask - POST /auth/register '{"username":"other","email":"o@example.org","password":"1234567"}' 400
    ask - POST /auth/register '{"username":"other","email":"nonsense","password":"12345678"}' 400
    ask - POST /auth/register '{"username":"o/t h","email":"o@example.org","password":"12345678"}' 400
    ask - POST /auth/register '{"email":"o@example.org","password":"12345678"}' 400
    ask - POST /auth/register/ '{"username":"","email":"o@example.org","password":"12345678"}' 400
    ask - POST /auth/register '{"username":"other","email":"o@example.org"}' 400
    # With the name in any case, and with the address.
    ask - POST /auth/login '{"username":"auth","password":"12345678"}' 200 '.user | user' '.token | length > 0'
    local second
    second=$(get .token)
    ask - POST /auth/login/ '{"username":"Auth@example.org","password":"12345678"}' 200 '.user.username == "auth"'
    local third
    third=$(get .token)
    # One text, whatever is wrong.
    ask - POST /auth/login '{"username":"auth","password":"wrong word"}' 401
    local one=$body
    ask - POST /auth/login '{"username":"nobody_at_all","password":"wrong word"}' 401
    [ "$body" = "$one" ] || fail "unknown names are told: $body"
    ask - POST /auth/login '{"username":"auth"}' 400
    ask - POST /auth/login '{}' 400
    # Repeated failures.
    local n
    for n in $(seq 40); do
        request - POST $api/auth/login --data-binary '{"username":"guessed","password":"wrong word"}'
        everywhere "guessing"
        [ "$status" = 401 ] || break
    done
    [ "$status" = 429 ] || fail "no limit to guessing: $status"
    # Sessions, one by one.
    ask "$first" GET /auth/sessions '' 200 \
        '.sessions | length == 3 and (map(select(.current)) | length == 1)' \
        '.sessions | all(has_all(["id", "created_at", "last_used", "current"]))'
    ask "$third" GET /auth/sessions '' 200
    local ended
    ended=$(get '.sessions[] | select(.current) | .id')
    ask "$first" DELETE "/auth/sessions/$ended" '' 200
    ask "$third" GET /users/me '' 401
    ask "$first" DELETE "/auth/sessions/$ended" '' 404
    ask "$first" DELETE /auth/sessions/nonsense '' 400
    # This session only.
    ask "$second" POST /auth/logout '' 200
    ask "$second" POST /auth/logout '' 401
    ask "$first" GET /users/me '' 200
    # A new password ends the others.
    ask - POST /auth/login '{"username":"auth","password":"12345678"}' 200
    second=$(get .token)
    ask "$first" PUT /auth/password '{"old":"wrong word","new":"another word"}' '400|401|403'
    ask "$first" PUT /auth/password '{"old":"12345678","new":"short"}' 400
    ask "$first" PUT /auth/password '{"old":"12345678"}' 400
    request "$first" PUT $api/auth/password/ --data-binary '{"old":"12345678","new":"another word"}'
    answered "PUT /auth/password/" 200
    ask "$second" GET /users/me '' 401
    ask "$first" GET /users/me '' 200
    ask - POST /auth/login '{"username":"auth","password":"12345678"}' 401
    ask - POST /auth/login '{"username":"auth","password":"another word"}' 200
}

# ── §3 Users ─────────────────────────────────────────────────────────────────

section_users() {
    person uma
    person ugo
    ask "$uma" GET /users/me '' 200 '.user | user and .username == "uma" and .email == "uma@example.org"'
    ask "$uma" GET /users '' 200 '.users | all(user) and any(.username == "ugo")' \
        '.users | all(.username != "uma" and .email == "")'
    ask "$uma" GET '/users?search=UG' '' 200 '[.users[].username] == ["ugo"]'
    ask "$uma" GET '/users?limit=1' '' 200 '.users | length == 1'
    ask "$uma" GET '/users?search=ugo&offset=1' '' 200 '.users == []'
    ask "$uma" GET '/users?status=busy' '' 200 '.users | all(.status == "busy")'
    ask "$uma" GET "/users/$ugo_id" '' 200 '.user | user and .username == "ugo" and .email == ""'
    ask "$uma" GET "/users/$(uuid)" '' 404
    ask "$ugo" PUT /users/me '{"first_name":"Hugo","last_name":"Weiß"}' 200 \
        '.user | .first_name == "Hugo" and .last_name == "Weiß"'
    # Empty: unchanged.
    ask "$ugo" PUT /users/me '{"first_name":"","email":""}' 200 \
        '.user | .first_name == "Hugo" and .email == "ugo@example.org"'
    ask "$ugo" PUT /users/me '{"email":"UMA@example.org"}' 409
    ask "$ugo" PUT /users/me '{"email":"nonsense"}' 400
    ask "$uma" GET '/users?search=weiß' '' 200 '[.users[].username] == ["ugo"]'
    local state
    for state in away busy invisible offline online; do
        ask "$ugo" PUT /users/status "{\"status\":\"$state\"}" 200
    done
    ask "$ugo" PUT /users/status '{"status":"dancing"}' 400
    ask "$ugo" PUT /users/status '{}' 400
    picture
    form "$ugo" /users/me/avatar 200 "file=@$work/picture.png" -- '.user.avatar | length > 0'
    local place
    place=$(get .user.avatar)
    # Usable in <img src> with no header.
    request - GET "$place"
    [ "$status,$(header content-type)" = 200,image/png ] || fail "the picture: $status $(header content-type)"
    form "$ugo" /users/me/avatar/ '400|415' "file=@$work/large;filename=x.png" --
    form "$ugo" /users/me/avatar 400 "other=x" --
    ask "$ugo" DELETE /users/me '{"password":"wrong word"}' '400|401|403'
    ask "$ugo" DELETE /users/me '{}' 400
    ask "$ugo" DELETE /users/me/ '{"password":"correct horse"}' 200
    ask "$ugo" GET /users/me '' 401
    ask - POST /auth/login '{"username":"ugo","password":"correct horse"}' 401
}

picture() {
    printf 'no picture at all' >"$work/large"
    base64 -d >"$work/picture.png" <<'PNG'
iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==
PNG
}

# ── §3 Chats ─────────────────────────────────────────────────────────────────

section_chats() {
    person cleo
    person carl
    person cora
    person stranger
    # The default is public; the creator is its admin.
    ask "$cleo" POST /chats '{"name":"Square","description":"for all"}' 201 \
        '.chat | chat and .type == "public" and .name == "Square" and .description == "for all"' \
        ".chat | .created_by == \"$cleo_id\" and .creator.id == .created_by" \
        '.chat.members | length == 1 and .[0].role == "admin"'
    local square
    square=$(get .chat.id)
    # Members under any of three names, as a list or a text, by id, name or address.
    local field
    for field in member_ids participants members; do
        ask "$cleo" POST /chats "{\"name\":\"G\",\"type\":\"group\",\"$field\":[\"$carl_id\",\"cora\"]}" 201 \
            '.chat | .type == "group" and ([.members[].user.username] | sort == ["carl", "cleo", "cora"])'
        ask "$cleo" POST /chats/ "{\"name\":\"G\",\"type\":\"group\",\"$field\":\"CARL, cora@example.org\"}" 201 \
            '.chat.members | length == 3'
    done
    local group
    group=$(get .chat.id)
    # An unknown member: nothing is made.
    ask "$cleo" GET /chats '' 200
    local before
    before=$(get '.chats | length')
    ask "$cleo" POST /chats '{"name":"G","type":"group","members":["carl","nobody_at_all"]}' 400
    ask "$cleo" POST /chats "{\"name\":\"G\",\"type\":\"group\",\"members\":[\"$(uuid)\"]}" 400
    ask "$cleo" GET /chats '' 200 ".chats | length == $before"
    ask "$cleo" POST /chats '{"name":"G","type":"channel"}' 400
    ask "$cleo" POST /chats '{"type":"group"}' 400
    # A private chat needs no name; the pair's is there already.
    ask "$cleo" POST /chats '{"type":"private","members":["carl"]}' 201 '.chat | chat and .type == "private"'
    local pair
    pair=$(get .chat.id)
    ask "$carl" POST /chats '{"name":"whatever","type":"private","participants":"cleo"}' 200 ".chat.id == \"$pair\""
    # Blocked by a member.
    ask "$cora" PUT "/contacts/$cleo_id/block" '' 200
    ask "$cleo" POST /chats '{"type":"private","members":["cora"]}' 403
    ask "$cora" PUT "/contacts/$cleo_id/unblock" '' 200
    # Own ones and public ones, last activity first.
    ask "$cleo" POST /messages "{\"chat_id\":\"$square\",\"content\":\"the latest\"}" 201
    ask "$cleo" GET /chats '' 200 '.chats | all(chat)' \
        ".chats[0] | .id == \"$square\" and .last_message == \"the latest\" and (.messages | length == 1)" \
        '.chats[0] | .last_message_time == .messages[0].created_at and .unread_count == 0' \
        '[.chats[] | .last_message_time // .created_at] | . == (sort | reverse)'
    ask "$stranger" GET /chats '' 200 "[.chats[].id] | index(\"$square\") != null and index(\"$group\") == null"
    # One, with its newest messages. A public one may be read by all.
    ask "$carl" GET "/chats/$group" '' 200 '.chat | chat and (.members | length == 3)'
    ask "$stranger" GET "/chats/$square" '' 200 '.chat.messages[-1].content == "the latest"'
    ask "$stranger" GET "/chats/$square" '' 200 '.chat.members | length == 1'
    hidden "$stranger" GET "/chats/$group" "/chats/$(uuid)"
    # Writing joins.
    ask "$stranger" POST /messages "{\"chat_id\":\"$square\",\"content\":\"hello\"}" 201
    ask "$stranger" GET "/chats/$square" '' 200 '.chat.members | length == 2'
    # Properties, for admins; settings keep what is not named.
    ask "$cleo" PUT "/chats/$group" '{"name":"Gang","description":"new"}' 200 \
        '.chat | .name == "Gang" and .description == "new"'
    ask "$cleo" PUT "/chats/$group" '{"settings":{"allow_invites":false}}' 200 \
        '.chat.settings | .allow_invites == false and .allow_members_add == true and .message_retention == 0' \
        '.chat | .name == "Gang" and .settings.history_for_new_members == "all"'
    ask "$cleo" PUT "/chats/$group" '{"settings":{"allow_members_add":true}}' 200 '.chat.settings.allow_invites == false'
    ask "$cleo" PUT "/chats/$group" '{"settings":{"history_for_new_members":"sometimes"}}' 400
    ask "$carl" PUT "/chats/$group" '{"name":"Mine"}' 403
    hidden "$stranger" PUT "/chats/$group" "/chats/$(uuid)" '{"name":"Mine"}'
    picture
    form "$cleo" "/chats/$group/avatar" 200 "file=@$work/picture.png" -- '.chat.avatar | length > 0'
    local place
    place=$(get .chat.avatar)
    ask "$cleo" PUT "/chats/$group" "{\"avatar\":\"$place\"}" 200 ".chat.avatar == \"$place\""
    form "$cleo" "/chats/$group/avatar/" '400|415' "file=@$work/large" --
    form "$carl" "/chats/$group/avatar" 403 "file=@$work/picture.png" --
    # Members.
    ask "$cleo" POST "/chats/$group/members" '{"username":"stranger"}' 200 \
        '(.message | length > 0) and (.member | member and .role == "member" and .user.username == "stranger")'
    ask "$cleo" POST "/chats/$group/members/" "{\"user_id\":\"$stranger_id\",\"role\":\"moderator\"}" 200 \
        '.member.role == "moderator"'
    ask "$cleo" POST "/chats/$group/members" '{"username":"nobody_at_all"}' 404
    ask "$cleo" POST "/chats/$group/members" '{}' 400
    ask "$cleo" POST "/chats/$group/members" '{"username":"stranger","role":"king"}' 400
    ask "$cleo" PUT "/chats/$group/members/$carl_id" '{"role":"moderator"}' 200 '.member | member and .role == "moderator"'
    ask "$cleo" PUT "/chats/$group/members/$carl_id" '{"role":"king"}' 400
    ask "$cleo" PUT "/chats/$group/members/$carl_id" '{}' 400
    ask "$carl" PUT "/chats/$group/members/$cora_id" '{"role":"admin"}' 403
    ask "$cora" DELETE "/chats/$group/members/$carl_id" '' 403
    ask "$stranger" DELETE "/chats/$group/members/$stranger_id" '' 200
    hidden "$stranger" GET "/chats/$group" "/chats/$(uuid)"
    ask "$cleo" DELETE "/chats/$group/members/$cora_id/" '' 200
    hidden "$cora" POST "/chats/$group/members" "/chats/$(uuid)/members" '{"username":"cora"}'
    hidden "$cora" DELETE "/chats/$group/members/$carl_id" "/chats/$(uuid)/members/$carl_id"
    # Bans and the directory, which the earlier messenger had not.
    ask "$cleo" PUT "/chats/$square/members/$stranger_id/ban" '' 200
    ask "$stranger" POST /messages "{\"chat_id\":\"$square\",\"content\":\"again\"}" '403|404'
    ask "$cleo" DELETE "/chats/$square/members/$stranger_id/ban" '' 200
    ask "$stranger" GET "/chats/directory?search=squa" '' 200 '[.chats[].name] | index("Square") != null'
    # Read cursors.
    ask "$carl" POST /messages "{\"chat_id\":\"$pair\",\"content\":\"unread\"}" 201
    local seq
    seq=$(get .message.seq)
    ask "$cleo" GET "/chats/$pair" '' 200 '.chat.unread_count == 1'
    ask "$cleo" PUT "/chats/$pair/read" "{\"seq\":$seq}" 200
    ask "$cleo" GET "/chats/$pair" '' 200 '.chat.unread_count == 0'
    ask "$cleo" PUT "/chats/$pair/read" '' 200
    ask "$cleo" PUT "/chats/$pair/read" '{"seq":"x"}' 400
    hidden "$stranger" PUT "/chats/$pair/read" "/chats/$(uuid)/read" '{}'
    # The caller's own settings of it.
    ask "$cleo" PUT "/chats/$pair/prefs" '{"notify":"none"}' 200 '.chat.muted == true'
    ask "$cleo" PUT "/chats/$pair/prefs" '{"notify":"sometimes"}' 400
    hidden "$stranger" PUT "/chats/$pair/prefs" "/chats/$(uuid)/prefs" '{"notify":"none"}'
    # Deleting is for who made it.
    ask "$carl" DELETE "/chats/$group" '' 403
    hidden "$stranger" DELETE "/chats/$group" "/chats/$(uuid)"
    ask "$cleo" DELETE "/chats/$group/" '' 200
    hidden "$carl" GET "/chats/$group" "/chats/$(uuid)"
}

# hidden TOKEN METHOD PATH PATH [BODY]: what is there and what is not are the same.
hidden() {
    local token=$1 method=$2 there=$3 nowhere=$4 sent=${5:-}
    ask "$token" "$method" "$there" "$sent" '403|404'
    local first="$status $body"
    ask "$token" "$method" "$nowhere" "$sent" '403|404'
    [ "$first" = "$status $body" ] || fail "$method $there is told from what is not: $first, $status $body"
}

# ── §3 Invites ───────────────────────────────────────────────────────────────

section_invites() {
    person ines
    person ivo
    person igor
    ask "$ines" POST /chats '{"name":"Club","type":"group"}' 201
    local club
    club=$(get .chat.id)
    ask "$ines" POST "/chats/$club/invites" '' 201 '.invite | invite and .max_uses == null and .uses == 0'
    local token id
    token=$(get .invite.token)
    id=$(get .invite.id)
    ask "$ines" POST "/chats/$club/invites/" '{"max_uses":1,"expires_at":"2099-01-01T00:00:00Z"}' 201 \
        '.invite | .max_uses == 1 and .expires_at == "2099-01-01T00:00:00.000Z"'
    local once
    once=$(get .invite.token)
    ask "$ines" POST "/chats/$club/invites" '{"expires_at":"tomorrow"}' 400
    ask "$ines" POST "/chats/$club/invites" '{"max_uses":0}' 400
    hidden "$ivo" POST "/chats/$club/invites" "/chats/$(uuid)/invites" '{}'
    ask "$ivo" POST "/invites/$once/accept" '' 200 ".chat | chat and .id == \"$club\""
    ask "$ivo" POST "/invites/$once/accept/" '' '200|404'
    ask "$igor" POST "/invites/$once/accept" '' 404
    local spent="$status $body"
    ask "$igor" POST "/invites/nonsense/accept" '' 404
    [ "$spent" = "$status $body" ] || fail "a spent link is told from none"
    ask "$ines" GET "/chats/$club/invites" '' 200 '.invites | all(invite)' ".invites | any(.id == \"$id\")"
    hidden "$igor" GET "/chats/$club/invites" "/chats/$(uuid)/invites"
    hidden "$igor" DELETE "/chats/$club/invites/$id" "/chats/$(uuid)/invites/$id"
    ask "$ines" DELETE "/chats/$club/invites/$id" '' 200
    ask "$ines" DELETE "/chats/$club/invites/$id" '' 404
    ask "$igor" POST "/invites/$token/accept" '' 404
}

# ── §3 Messages ──────────────────────────────────────────────────────────────

section_messages() {
    person mia
    person max
    person mo
    # receiver_id alone: the pair's chat, made on demand; none yet is no error.
    ask "$mia" GET "/messages?receiver_id=$max_id" '' 200 '.messages == []'
    ask "$mia" POST /messages "{\"receiver_id\":\"$max_id\",\"content\":\"hello\"}" 201 \
        '.message | message and .content == "hello" and .type == "text" and .status == "sent"' \
        ".message | .sender_id == \"$mia_id\" and .receiver_id == \"$max_id\" and .is_edited == false" \
        '.message.sender_name == "mia"'
    local first pair
    first=$(get .message.id)
    pair=$(get .message.chat_id)
    ask "$max" POST /messages/ "{\"receiver_id\":\"$mia_id\",\"content\":\"you too\"}" 201 ".message.chat_id == \"$pair\""
    ask "$mia" GET "/messages?receiver_id=$max_id" '' 200 '[.messages[].content] == ["hello", "you too"]'
    ask "$max" GET "/messages?chat_id=$pair" '' 200 '.messages | all(message) and length == 2'
    ask "$mia" GET /messages '' 400
    ask "$mia" GET '/messages?chat_id=nonsense' '' 400
    hidden "$mo" GET "/messages?chat_id=$pair" "/messages?chat_id=$(uuid)"
    # A client-made id: the first one again, with 200.
    local id
    id=$(uuid)
    ask "$mia" POST /messages "{\"chat_id\":\"$pair\",\"content\":\"once\",\"id\":\"$id\"}" 201 ".message.id == \"$id\""
    ask "$mia" POST /messages "{\"chat_id\":\"$pair\",\"content\":\"once\",\"id\":\"${id^^}\"}" 200 \
        ".message.id == \"$id\" and .message.content == \"once\""
    ask "$max" POST /messages "{\"chat_id\":\"$pair\",\"content\":\"mine\",\"id\":\"$id\"}" 409
    ask "$mia" GET "/messages?chat_id=$pair" '' 200 '.messages | length == 3'
    # Types.
    local type
    for type in text file image video audio; do
        ask "$mia" POST /messages "{\"chat_id\":\"$pair\",\"content\":\"t\",\"type\":\"$type\"}" 201 ".message.type == \"$type\""
    done
    ask "$mia" POST /messages "{\"chat_id\":\"$pair\",\"content\":\"t\",\"type\":\"voice\"}" 201 '.message.type == "audio"'
    ask "$mia" POST /messages "{\"chat_id\":\"$pair\",\"content\":\"t\",\"type\":\"system\"}" 400
    ask "$mia" POST /messages "{\"chat_id\":\"$pair\",\"content\":\"t\",\"type\":\"smell\"}" 400
    # What is missing or wrong.
    ask "$mia" POST /messages "{\"chat_id\":\"$pair\",\"content\":\"\"}" 400
    ask "$mia" POST /messages "{\"chat_id\":\"$pair\"}" 400
    ask "$mia" POST /messages '{"content":"where"}' 400
    ask "$mia" POST /messages '{"chat_id":"nonsense","content":"where"}' 400
    ask "$mia" POST /messages "{\"receiver_id\":\"$(uuid)\",\"content\":\"who\"}" 404
    hidden_post "$mo" "$pair"
    # 64 KiB and no more.
    printf '{"chat_id":"%s","content":"%s"}' "$pair" "$(head -c 65536 /dev/zero | tr '\0' a)" >"$work/large"
    ask "$mia" POST /messages "@$work/large" 201 '.message.content | length == 65536'
    printf '{"chat_id":"%s","content":"%s"}' "$pair" "$(head -c 65537 /dev/zero | tr '\0' a)" >"$work/large"
    ask "$mia" POST /messages "@$work/large" 413
    # Replies.
    ask "$max" POST /messages "{\"chat_id\":\"$pair\",\"content\":\"reply\",\"reply_to_id\":\"$first\"}" 201 \
        ".message | .reply_to_id == \"$first\" and .reply_to.content == \"hello\" and .reply_to.reply_to == null"
    ask "$max" POST /messages "{\"chat_id\":\"$pair\",\"content\":\"reply\",\"reply_to_id\":\"$(uuid)\"}" '400|404'
    # One.
    ask "$max" GET "/messages/$first" '' 200 ".message | message and .id == \"$first\" and .chat.id == \"$pair\""
    hidden "$mo" GET "/messages/$first" "/messages/$(uuid)"
    # Edits, by the sender.
    ask "$mia" PUT "/messages/$first" '{"content":"hello all"}' 200 '.message | message and .content == "hello all" and .is_edited'
    ask "$mia" PUT "/messages/$first" '{"content":""}' 400
    ask "$max" PUT "/messages/$first" '{"content":"mine"}' 403
    hidden "$mo" PUT "/messages/$first" "/messages/$(uuid)" '{"content":"mine"}'
    # Reading: delivered and read once every other member has it.
    ask "$max" POST "/messages/$first/read" '' 200
    ask "$mia" GET "/messages/$first" '' 200 '.message.status == "read"'
    hidden "$mo" POST "/messages/$first/read" "/messages/$(uuid)/read"
    # Reactions, percent-encoded.
    local heart=%E2%9D%A4%EF%B8%8F
    ask "$max" PUT "/messages/$first/reactions/$heart" '' 200 \
        ".message.reactions | length == 1 and (.[0] | .emoji == \"❤️\" and .user_id == \"$max_id\" and .message_id == \"$first\")"
    ask "$mia" PUT "/messages/$first/reactions/%F0%9F%91%8D" '' 200 '[.message.reactions[].emoji] == ["❤️", "👍"]'
    ask "$max" DELETE "/messages/$first/reactions/$heart/" '' 200 '[.message.reactions[].emoji] == ["👍"]'
    hidden "$mo" PUT "/messages/$first/reactions/$heart" "/messages/$(uuid)/reactions/$heart"
    hidden "$mo" DELETE "/messages/$first/reactions/$heart" "/messages/$(uuid)/reactions/$heart"
    # Pins, which the earlier messenger had not.
    ask "$mia" PUT "/messages/$first/pin" '' 200
    ask "$max" GET "/chats/$pair/pins" '' 200 "[.messages[].id] == [\"$first\"]"
    hidden "$mo" PUT "/messages/$first/pin" "/messages/$(uuid)/pin"
    hidden "$mo" GET "/chats/$pair/pins" "/chats/$(uuid)/pins"
    # Search, with what was found marked.
    ask "$mia" POST /messages "{\"chat_id\":\"$pair\",\"content\":\"a needle in the hay\"}" 201
    local n
    for n in $(seq 100); do
        request "$mia" GET "$api/messages/search?q=needle&chat_id=$pair"
        [ "$(get '.messages | length')" = 0 ] || break
    done
    ask "$mia" GET "/messages/search?q=needle&chat_id=$pair" '' 200 \
        '.messages | length == 1 and all(message) and (.[0].highlight | contains("needle"))'
    ask "$mia" GET '/messages/search?q=needle' '' 200 '.messages | length == 1'
    ask "$mo" GET '/messages/search?q=needle' '' 200 '.messages == []'
    ask "$mia" GET /messages/search '' 400
    hidden "$mo" GET "/messages/search?q=needle&chat_id=$pair" "/messages/search?q=needle&chat_id=$(uuid)"
    # Deleting leaves a tombstone.
    ask "$max" DELETE "/messages/$id" '' 403
    hidden "$mo" DELETE "/messages/$id" "/messages/$(uuid)"
    ask "$mia" DELETE "/messages/$id/" '' 200
    ask "$mia" GET "/messages?chat_id=$pair&limit=100" '' 200 \
        ".messages[] | select(.id == \"$id\") | .content == \"\" and .deleted"
    # An admin deletes what others wrote.
    ask "$mia" POST /chats '{"name":"run by mia","type":"group","members":["max"]}' 201
    local group
    group=$(get .chat.id)
    ask "$max" POST /messages "{\"chat_id\":\"$group\",\"content\":\"by max\"}" 201 '.message | .receiver_id == null'
    ask "$mia" DELETE "/messages/$(get .message.id)" '' 200
    # Who is blocked cannot write directly.
    ask "$max" PUT "/contacts/$mia_id/block" '' 200
    ask "$mia" POST /messages "{\"receiver_id\":\"$max_id\",\"content\":\"hello?\"}" 403
    ask "$mia" POST /messages "{\"chat_id\":\"$pair\",\"content\":\"hello?\"}" 403
}

hidden_post() {
    ask "$1" POST /messages "{\"chat_id\":\"$2\",\"content\":\"let me in\"}" '403|404'
    local first="$status $body"
    ask "$1" POST /messages "{\"chat_id\":\"$(uuid)\",\"content\":\"let me in\"}" '403|404'
    [ "$first" = "$status $body" ] || fail "POST /messages tells what is there: $first, $status $body"
}

# ── §3 Contacts ──────────────────────────────────────────────────────────────

section_contacts() {
    person kim
    person ken
    person kai
    ask "$kim" GET /contacts '' 200 '.contacts == []'
    ask "$kim" POST /contacts '{"username":"ken","nickname":"Kenny"}' 201 \
        '(.message | length > 0) and (.contact | contact and .nickname == "Kenny" and .username == "ken")'
    local entry
    entry=$(get .contact.id)
    ask "$kim" POST /contacts/ "{\"contact_id\":\"$kai_id\"}" 201 '.contact.contact.username == "kai"'
    ask "$kim" POST /contacts '{"username":"kim"}' 400
    ask "$kim" POST /contacts '{}' 400
    ask "$kim" POST /contacts '{"username":"nobody_at_all"}' 404
    ask "$kim" POST /contacts '{"email":"ken@example.org"}' 409
    ask "$kim" GET /contacts '' 200 '.contacts | all(contact) and length == 2'
    # The entry's id or the other one's.
    ask "$kim" PUT "/contacts/$entry" '{"nickname":"K."}' 200 '.contact.nickname == "K."'
    ask "$kim" PUT "/contacts/$ken_id" '{"nickname":"K. K."}' 200 '.contact.nickname == "K. K."'
    ask "$kim" PUT "/contacts/$(uuid)" '{"nickname":"who"}' 404
    ask "$kim" PUT "/contacts/$entry/block" '' 200 '.contact.is_blocked'
    ask "$ken" POST /messages "{\"receiver_id\":\"$kim_id\",\"content\":\"hello\"}" 403
    ask "$kim" PUT "/contacts/$ken_id/unblock" '' 200 '.contact.is_blocked == false'
    ask "$ken" POST /messages "{\"receiver_id\":\"$kim_id\",\"content\":\"hello\"}" 201
    ask "$kim" DELETE "/contacts/$entry" '' 200
    ask "$kim" DELETE "/contacts/$entry" '' 404
    ask "$kim" DELETE "/contacts/$kai_id/" '' 200
    ask "$kim" DELETE /contacts/nonsense '' 400
    # Another's entry.
    ask "$ken" POST /contacts '{"username":"kai"}' 201
    hidden "$kim" DELETE "/contacts/$(get .contact.id)" "/contacts/$(uuid)"
}

# ── §3 Calls, Files: where they are not built, they say so ───────────────────

section_later() {
    person lea
    local path
    for path in "GET /calls" "POST /calls" "GET /calls/settings" "PUT /calls/settings" \
        "PUT /calls/$(uuid)/answer" "PUT /calls/$(uuid)/reject" "PUT /calls/$(uuid)/end" \
        "POST /upload" "GET /files/$(uuid)"; do
        ask "$lea" "${path% *}" "${path#* }" '' 501 '.code == "not_implemented"'
    done
}

# ── §3 Rest ──────────────────────────────────────────────────────────────────

section_rest() {
    request - GET /health
    [ "$status $(get .status)" = "200 ok" ] || fail "/health: $status $body"
    request - GET /ready
    [ "$status" = 200 ] || fail "/ready: $status $body"
    ask - GET /openapi.json '' 200 '.openapi | startswith("3.")' '.paths | length > 30'
    request - GET /swagger/index.html
    [ "$status" = 200 ] || fail "/swagger/index.html: $status"
    local page
    for page in / /chat.html /static/js/api.js /static/css/common.css; do
        request - GET "$page"
        [ "$status" = 200 ] || fail "$page: $status"
    done
}

for section in "$@"; do
    "section_$section"
done
printf '%s: %s checks, %s failures\n' "$*" "$checks" "$failures"
[ "$failures" = 0 ] && [ "$checks" -gt 0 ]
