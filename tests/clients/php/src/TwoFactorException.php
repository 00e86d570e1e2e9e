<?php

namespace TwoFactor;

use Illuminate\Http\Client\Response;
use RuntimeException;

/**
 * A non-2xx response. `type` is the name to compare: `/problems/…`, or `about:blank` if the response is not from the service
 * but from the gateway or a proxy. `errors` lists the invalid fields. `retryAfter` is the number of seconds to wait before
 * another attempt, where waiting helps; else null.
 */
final class TwoFactorException extends RuntimeException
{
    public int $status;
    public string $type;
    public string $detail;
    public array $errors;
    public ?string $requestId;
    public ?int $retryAfter = null;

    public function __construct(Response $response)
    {
        $document = json_decode($response->body(), true);
        $document = is_array($document) ? $document : [];
        $this->status = $response->status();
        $this->type = $document['type'] ?? 'about:blank';
        $this->detail = $document['detail'] ?? $document['message'] ?? "HTTP {$this->status}";
        $this->errors = $document['errors'] ?? [];
        $this->requestId = $document['request_id'] ?? null;
        if (in_array($this->status, [429, 503], true)) {
            // The gateway's own responses do not say how long: a second.
            $seconds = $response->header('Retry-After');
            $this->retryAfter = ctype_digit($seconds) ? (int) $seconds : 1;
        }
        parent::__construct("{$this->type} ({$this->status}): {$this->detail}");
    }
}
