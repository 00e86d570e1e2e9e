<?php

namespace TwoFactor;

use Illuminate\Http\Client\PendingRequest;
use Illuminate\Http\Client\Response;

/**
 * One user's two-factor settings, over Laravel's HTTP client. PHP 8.0 or newer. A method throws `TwoFactorException` for a
 * non-2xx response, and Laravel's `ConnectionException` if there is no response.
 */
final class TwoFactor
{
    /** What users can solve themselves, in words for them: replace them with `__('…')`. Every other problem is thrown. */
    private const USER_TEXTS = [
        '/problems/invalid-code' => 'That code is not right. Use the one that the app shows now, or the one in the newest SMS.',
        '/problems/invalid-fields' => 'That is not a code. Type its six digits, or a recovery code.',
        '/problems/too-many-attempts' => 'Too many wrong codes. Try again in {wait}.',
        '/problems/too-many-sends' => 'A code was already sent. Look for the newest SMS, or get another in {wait}.',
        '/problems/unavailable' => 'This is not available right now. Try again in {wait}.',
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

    /** The app's QR code as a data URL, for the `src` of an `<img>`. */
    public function qrImage(): string
    {
        return $this->request('GET', '/api/two-factor/qr')['data']['qr_image'];
    }

    // These replace all settings; the new ones are not verified yet. `key` is a current code, which a deployment with
    // StepUp=code requires to replace verified settings (`/problems/step-up-required`).

    /** `newKey`, a current code of the new app, verifies it at once. */
    public function enrolApp(string $secretKey, ?string $key = null, ?string $newKey = null): void
    {
        $body = ['method' => 'google', 'secret_key' => $secretKey, 'key' => self::typed($key)];
        $this->request('PATCH', '/api/two-factor', $body + ($newKey === null ? [] : ['new_key' => self::typed($newKey)]));
    }

    public function enrolPhone(string $prefix, string $phone, ?string $key = null): void
    {
        $body = ['method' => 'sms', 'phone_prefix' => $prefix, 'phone' => $phone, 'key' => self::typed($key)];
        $this->request('PATCH', '/api/two-factor', $body);
    }

    public function disable(?string $key = null): void
    {
        $this->request('PATCH', '/api/two-factor', ['method' => '', 'key' => self::typed($key)]);
    }

    public function sendCode(): void
    {
        $this->request('POST', '/api/two-factor/send-verification');
    }

    /**
     * Throws unless the code is right. Call it on your server: what a browser says about a code proves nothing. Returns how
     * many recovery codes are left if it was one, else null.
     */
    public function verify(string $code): ?int
    {
        $response = $this->response('POST', '/api/two-factor/verify', ['key' => self::typed($code)]);
        $left = $response->header('Recovery-Codes-Left');

        return $left === '' ? null : (int) $left;
    }

    /** Ten new codes, each of which `verify` accepts once. They cannot be read again, and replace earlier ones. */
    public function recoveryCodes(?string $key = null): array
    {
        $body = ['key' => self::typed($key)];

        return $this->request('POST', '/api/two-factor/recovery-codes', $body)['data']['recovery_codes'];
    }

    /** What a helpdesk may know of another user. The token needs the permission `users:read` or `users:edit`. */
    public function userSettings(string $id): array
    {
        return $this->request('GET', self::ofUser($id))['data'];
    }

    /** Removes another user's settings. The token needs the permission `users:edit`. */
    public function resetUser(string $id): void
    {
        $this->request('POST', self::ofUser($id).'/reset');
    }

    /** Like `verifyAtSignIn`, for sending. */
    public function sendAtSignIn(): Outcome
    {
        return $this->outcome(fn () => $this->sendCode());
    }

    /** Whether the code is right, and what to tell the user if it is not. Throws what another code cannot solve. */
    public function verifyAtSignIn(string $code): Outcome
    {
        return $this->outcome(fn () => $this->verify($code));
    }

    private function request(string $method, string $path, ?array $body = null): ?array
    {
        return $this->response($method, $path, $body)->json();
    }

    private function response(string $method, string $path, ?array $body): Response
    {
        $response = $this->http->send($method, $path, $body === null ? [] : ['json' => $body]);
        if (! $response->successful()) {
            throw new TwoFactorException($response);
        }

        return $response;
    }

    private static function ofUser(string $id): string
    {
        return '/api/users/'.rawurlencode($id).'/two-factor';
    }

    /** Apps show codes with a space in the middle, and people type it. */
    private static function typed(?string $code): ?string
    {
        return $code === null ? null : preg_replace('/\s/', '', $code);
    }

    private function outcome(callable $action): Outcome
    {
        try {
            return new Outcome(true, recoveryCodesLeft: $action());
        } catch (TwoFactorException $problem) {
            // The gateway's own 429 and 503, and whatever else passes with time, are "unavailable".
            $otherwise = $problem->retryAfter === null ? null : self::USER_TEXTS['/problems/unavailable'];
            $text = self::USER_TEXTS[$problem->type] ?? $otherwise ?? throw $problem;
            $wait = $problem->retryAfter ?? 0;

            return new Outcome(false, str_replace('{wait}', self::duration($wait), $text), $wait);
        }
    }

    private static function duration(int $seconds): string
    {
        return $seconds <= 120 ? "$seconds s" : ceil($seconds / 60).' min';
    }
}
