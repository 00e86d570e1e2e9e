<?php

namespace TwoFactor;

/** What to tell the user about an attempt. Allow no other for `wait` seconds. `recoveryCodesLeft` is what `verify` returns. */
final class Outcome
{
    public function __construct(
        public bool $done,
        public string $text = '',
        public int $wait = 0,
        public ?int $recoveryCodesLeft = null,
    ) {
    }
}
