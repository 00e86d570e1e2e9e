# shellcheck shell=bash disable=SC2034  # the variables set here are for the script that sources this file
# A client of the two-factor API for bash, with curl and jq. `source` it with TWO_FACTOR_URL and TWO_FACTOR_TOKEN set.
#
# A function that succeeds sets `answer` to its result. One that fails returns 1 and sets:
#   problem_type     the name to compare: /problems/…, or about:blank if the response is not from the service; "network" if
#                    there was no response
#   problem_status   the HTTP status
#   problem_detail   a sentence
#   problem_errors   the invalid fields, one per line
#   retry_after      seconds to wait before another attempt, where waiting helps; else empty

two_factor_settings() { _two_factor GET /api/two-factor .data; }
two_factor_new_secret() { _two_factor GET /api/two-factor/secret .data.secret_key; }
# The app's QR code as a data URL, for the `src` of an `<img>`.
two_factor_qr_image() { _two_factor GET /api/two-factor/qr .data.qr_image; }

# These replace all settings; the new ones are not verified yet. The last argument may be a current code, which a deployment
# with StepUp=code requires to replace verified settings (/problems/step-up-required).
# A current code of the new app verifies it at once.
two_factor_enrol_app() { # SECRET [CODE] [NEW-CODE]
  _two_factor PATCH /api/two-factor . "$(_json method google secret_key "$1" key "${2:-}" ${3:+new_key "$3"})"
}
two_factor_enrol_phone() { # PREFIX NUMBER [CODE]
  _two_factor PATCH /api/two-factor . "$(_json method sms phone_prefix "$1" phone "$2" key "${3:-}")"
}
two_factor_disable() { # [CODE]
  _two_factor PATCH /api/two-factor . "$(_json method "" key "${1:-}")"
}

two_factor_send_code() { _two_factor POST /api/two-factor/send-verification .; }
# Succeeds only if the code is right. Call it on your server: what a browser says about a code proves nothing. Sets
# `recovery_codes_left` if the code was one.
two_factor_verify() { # CODE
  _two_factor POST /api/two-factor/verify . "$(_json key "$1")"
}
# Ten new codes, each of which verify accepts once. They cannot be read again, and replace earlier ones.
two_factor_recovery_codes() { # [CODE]
  _two_factor POST /api/two-factor/recovery-codes '.data.recovery_codes[]' "$(_json key "${1:-}")"
}
# What a helpdesk may know of another user, as JSON. The token needs the permission users:read or users:edit.
two_factor_user_settings() { # USER-ID
  _two_factor GET "$(_of_user "$1")" .data
}
# Removes another user's settings. The token needs the permission users:edit.
two_factor_reset_user() { # USER-ID
  _two_factor POST "$(_of_user "$1")/reset" .
}

# Sets user_text to what the user can do about the problem; returns 1 if there is nothing.
two_factor_user_text() {
  local wait="${retry_after:-0} s"
  [ "${retry_after:-0}" -le 120 ] || wait="$(((retry_after + 59) / 60)) min"
  case $problem_type in
    /problems/invalid-code) user_text="That code is not right. Use the one that the app shows now, or the one in the newest SMS." ;;
    /problems/invalid-fields) user_text="That is not a code. Type its six digits, or a recovery code." ;;
    /problems/too-many-attempts) user_text="Too many wrong codes. Try again in $wait." ;;
    /problems/too-many-sends)
      user_text="A code was already sent. Look for the newest SMS, or get another in $wait." ;;
    *)
      # 503, the gateway's own 429, and everything else that passes with time.
      [ -n "$retry_after" ] || return 1
      user_text="This is not available right now. Try again in $wait." ;;
  esac
}

# A JSON object of names and values. Spaces are removed from the key, because apps show codes with one in the middle; an
# empty key is left out. The values come on standard input, because everybody can see arguments in the process list.
_json() {
  printf '%s\n' "$@" | jq --raw-input --null-input --compact-output \
    '[inputs] | [_nwise(2) | {(.[0]): .[1]}] | add | .key |= gsub("\\s"; "") | if .key == "" then del(.key) else . end'
}

_of_user() {
  printf '/api/users/%s/two-factor' "$(jq --null-input --raw-output --arg id "$1" '$id | @uri')"
}

# FILE NAME-PATTERN: the value of a response header.
_header() {
  tr -d '\r' < "$1" | sed -n "s/^$2: *//p"
}

# METHOD PATH FILTER [BODY]: sets `answer` to the part of the response that jq's FILTER gives.
_two_factor() {
  local method=$1 path=$2 filter=$3 body=${4:-} headers response seconds
  problem_type='' problem_status='' problem_detail='' problem_errors='' retry_after='' answer='' recovery_codes_left=''
  if [[ -z ${TWO_FACTOR_URL:-} || -z ${TWO_FACTOR_TOKEN:-} ]]; then
    problem_type=network
    problem_detail="Set TWO_FACTOR_URL to the base URL of the API, and TWO_FACTOR_TOKEN to the user's token."
    return 1
  fi
  headers=$(mktemp)
  if ! response=$(printf %s "$body" |
    curl --config <(printf 'header = "Authorization: Bearer %s"\n' "$TWO_FACTOR_TOKEN") --silent --show-error \
      --max-time 10 --request "$method" --header 'Content-Type: application/json' ${body:+--data @-} \
      --dump-header "$headers" --write-out '\n%{http_code}' "${TWO_FACTOR_URL%/}$path" 2>&1); then
    problem_type=network problem_detail=${response%%$'\n'*}
    rm -f "$headers"
    return 1
  fi
  seconds=$(_header "$headers" '[Rr]etry-[Aa]fter')
  recovery_codes_left=$(_header "$headers" '[Rr]ecovery-[Cc]odes-[Ll]eft')
  rm -f "$headers"
  problem_status=${response##*$'\n'} response=${response%$'\n'*}
  if [[ $problem_status == 2* ]]; then
    [ -z "$response" ] || answer=$(jq --raw-output "$filter" <<< "$response")
    return
  fi
  [[ $response == *[![:space:]]* ]] && jq --exit-status 'type == "object"' <<< "$response" > /dev/null 2>&1 || response={}
  problem_type=$(jq --raw-output '.type // "about:blank"' <<< "$response")
  problem_detail=$(jq --raw-output --arg status "$problem_status" '.detail // .message // "HTTP \($status)"' <<< "$response")
  problem_errors=$(jq --raw-output '.errors[]? | "\(.pointer) \(.detail)"' <<< "$response")
  if [[ $problem_status == 429 || $problem_status == 503 ]]; then
    # The gateway's own responses do not say how long to wait: assume a second.
    [[ $seconds =~ ^[0-9]+$ ]] && retry_after=$seconds || retry_after=1
  fi
  return 1
}
