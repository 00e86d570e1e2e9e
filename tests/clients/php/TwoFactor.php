<?php

// A client of the two-factor API, over Laravel's HTTP client. PHP 8.0 or newer.

use Illuminate\Http\Client\PendingRequest;
use Illuminate\Http\Client\Response;

/**
 * An answer that is no success. `type` is the name to compare: `/problems/…`, or `about:blank` where the answer is not
 * the service's own but the gateway's or a proxy's. `errors` lists the fields that are wrong. `retryAfter` is the number
 * of seconds to wait before another try, where waiting helps; else null.
 */
final class TwoFactorException extends RuntimeException
{
    public int $status;
    public string $type;
    public string $detail;
    public array $errors;
    public ?string $requestId;
    public ?int $retryAfter = null;

    public function __construct(Response $answer)
    {
        $document = json_decode($answer->body(), true);
        $document = is_array($document) ? $document : [];
        $this->status = $answer->status();
        $this->type = $document['type'] ?? 'about:blank';
        $this->detail = $document['detail'] ?? $document['message'] ?? "HTTP {$this->status}";
        $this->errors = $document['errors'] ?? [];
        $this->requestId = $document['request_id'] ?? null;
        if (in_array($this->status, [429, 503], true)) {
            // The gateway's own answers do not say how long: a second then.
            $seconds = $answer->header('Retry-After');
            $this->retryAfter = ctype_digit($seconds) ? (int) $seconds : 1;
        }
        parent::__construct("{$this->type} ({$this->status}): {$this->detail}");
    }
}

/** What to tell the user of a try. Nothing may be tried again for `wait` seconds. */
final class Outcome
{
    public function __construct(public bool $done, public string $text = '', public int $wait = 0)
    {
    }
}

/**
 * One user's two-factor settings. A method throws `TwoFactorException` for an answer that is no success, and Laravel's
 * `ConnectionException` where there is no answer.
 */
final class TwoFactor
{
    /** What a user can mend, in words for that user: put `__('…')` in their place. Every other problem is thrown. */
    private const USER_TEXTS = [
        '/problems/invalid-code' => 'That code is not right. Take the one that the app shows now, or the newest SMS.',
        '/problems/invalid-fields' => 'That is not a code: type its six digits, or a recovery code.',
        '/problems/too-many-attempts' => 'Too many wrong codes. Try again in {wait}.',
        '/problems/too-many-sends' => 'A code was sent already: look for the newest SMS. Another can be sent in {wait}.',
        '/problems/unavailable' => 'Not available just now. Try again in {wait}.',
    ];

    /** In Laravel: `new TwoFactor(Http::baseUrl(config('services.two_factor.url'))->withToken($token)->timeout(10))`. */
    public function __construct(private PendingRequest $http)
    {
    }

    public function settings(): array
    {
        return $this->request('GET', '/api/two-factor')['data'];
    }

    public function newSecret(): string
    {
        return $this->request('GET', '/api/two-factor/secret')['data']['secret_key'];
    }

    /** The app's QR code, for the `src` of an `<img>`. */
    public function qrImage(): string
    {
        return $this->request('GET', '/api/two-factor/qr')['data']['qr_image'];
    }

    // The settings below replace all earlier ones, and are not verified. `key` is a current code: a deployment with
    // StepUp=code wants one where verified settings are replaced (`/problems/step-up-required`).

    public function enrolApp(string $secretKey, ?string $key = null): void
    {
        $this->request('PATCH', '/api/two-factor', ['method' => 'google', 'secret_key' => $secretKey, 'key' => $key]);
    }

    public function enrolPhone(string $prefix, string $phone, ?string $key = null): void
    {
        $body = ['method' => 'sms', 'phone_prefix' => $prefix, 'phone' => $phone, 'key' => $key];
        $this->request('PATCH', '/api/two-factor', $body);
    }

    public function disable(?string $key = null): void
    {
        $this->request('PATCH', '/api/two-factor', ['method' => '', 'key' => $key]);
    }

    public function sendCode(): void
    {
        $this->request('POST', '/api/two-factor/send-verification');
    }

    public function verify(string $code): void
    {
        $this->request('POST', '/api/two-factor/verify', ['key' => $code]);
    }

    /** Ten new codes, each of which `verify` takes once. They are shown this once, and earlier ones are void. */
    public function recoveryCodes(?string $key = null): array
    {
        return $this->request('POST', '/api/two-factor/recovery-codes', ['key' => $key])['data']['recovery_codes'];
    }

    /** Like `verifyAtSignIn`, for sending. */
    public function sendAtSignIn(): Outcome
    {
        return $this->outcome(fn () => $this->sendCode());
    }

    /** Whether the code is right, and what to tell the user if it is not. Throws what another code cannot mend. */
    public function verifyAtSignIn(string $code): Outcome
    {
        return $this->outcome(fn () => $this->verify($code));
    }

    private function request(string $method, string $path, ?array $body = null): ?array
    {
        $answer = $this->http->send($method, $path, $body === null ? [] : ['json' => $body]);
        if (! $answer->successful()) {
            throw new TwoFactorException($answer);
        }

        return $answer->json();
    }

    private function outcome(callable $action): Outcome
    {
        try {
            $action();
        } catch (TwoFactorException $problem) {
            // 429 and 503 of the gateway itself mean the same as a fault of the service.
            $busy = $problem->type === 'about:blank' && $problem->retryAfter !== null;
            $text = self::USER_TEXTS[$busy ? '/problems/unavailable' : $problem->type] ?? throw $problem;
            $wait = $problem->retryAfter ?? 0;

            return new Outcome(false, str_replace('{wait}', self::duration($wait), $text), $wait);
        }

        return new Outcome(true);
    }

    private static function duration(int $seconds): string
    {
        return $seconds <= 120 ? "$seconds s" : ceil($seconds / 60).' min';
    }
}
