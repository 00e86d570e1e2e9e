#!/bin/bash
# A function for the tests of the pool, with a runtime of its own: it does what the event says.
call() {
  exec 3<>"/dev/tcp/${AWS_LAMBDA_RUNTIME_API%:*}/${AWS_LAMBDA_RUNTIME_API#*:}"
  printf '%s /2018-06-01/runtime/%s HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: %s\r\n\r\n%s' \
    "$1" "$2" "${#3}" "$3" >&3
  cat <&3
}
[ -z "$BROKEN" ] || { echo "no settings" >&2; exit 3; }
while true; do
  answer=$(call GET invocation/next '')
  id=$(sed -n 's/^lambda-runtime-aws-request-id: \([-0-9a-f]*\).*/\1/p' <<<"$answer")
  event=${answer##*$'\r\n'}
  case $event in
    exit) exit 7 ;;
    hang) exec sleep 60 ;;
    fail) call POST "invocation/$id/error" 'it failed' >/dev/null ;;
    slow) sleep 0.3; call POST "invocation/$id/response" "$$" >/dev/null ;;
    environment) call POST "invocation/$id/response" "$(env | sort | tr '\n' ' ')" >/dev/null ;;
    *) echo "event $event"; call POST "invocation/$id/response" "$$" >/dev/null ;;
  esac
done
