<?php

// How TwoFactor.php is used, in a terminal: TWO_FACTOR_URL=… TWO_FACTOR_TOKEN=… php example.php sign-in
// Laravel's HTTP client comes from Composer (`composer require illuminate/http guzzlehttp/guzzle`) or from Debian
// (php-illuminate-http, php-guzzlehttp-guzzle).

use Illuminate\Http\Client\ConnectionException;
use Illuminate\Http\Client\Factory;

error_reporting(E_ALL & ~E_DEPRECATED);
$composer = __DIR__.'/vendor/autoload.php';
if (is_file($composer)) {
    require $composer;
} else {
    require 'Illuminate/Http/autoload.php';
    require 'GuzzleHttp/autoload.php';
}
require __DIR__.'/TwoFactor.php';

const LONGEST_WAIT = 120;

function main(TwoFactor $client, string $command = '', string ...$words): void
{
    switch ($command) {
        case 'enrol-app':
            $secret = $client->newSecret();
            $client->enrolApp($secret);
            echo "<img src=\"{$client->qrImage()}\">\n";
            echo "Scan it with the app, or type this key: $secret\n";
            askUntilRight($client);
            break;
        case 'enrol-phone':
            $client->enrolPhone(...($words + ['', '']));
            send($client);
            askUntilRight($client);
            break;
        case 'sign-in':
            $settings = $client->settings();
            if (! $settings['verified']) {
                echo "No second factor is set.\n";
                break;
            }
            if ($settings['method'] === 'sms') {
                send($client);
            }
            askUntilRight($client);
            break;
        case 'recovery-codes':
            echo implode("\n", $client->recoveryCodes()), "\n";
            break;
        case 'disable':
            $client->disable();
            break;
        default:
            giveUp('enrol-app | enrol-phone PREFIX NUMBER | sign-in | recovery-codes | disable');
    }
}

function send(TwoFactor $client): void
{
    echo $client->sendAtSignIn()->text ?: 'A code was sent.', "\n";
}

function askUntilRight(TwoFactor $client): void
{
    while (true) {
        echo 'Code: ';
        $line = fgets(STDIN);
        if ($line === false) {
            giveUp('Given up: no code was typed');
        }
        $outcome = $client->verifyAtSignIn(trim($line));
        if ($outcome->done) {
            echo "That is right.\n";

            return;
        }
        echo $outcome->text, "\n";
        if ($outcome->wait > LONGEST_WAIT) {
            giveUp('Given up: come back later');
        }
        sleep($outcome->wait);
    }
}

function giveUp(string $why): void
{
    fwrite(STDERR, "$why\n");
    exit(1);
}

$http = (new Factory())->baseUrl(getenv('TWO_FACTOR_URL'))->withToken(getenv('TWO_FACTOR_TOKEN'))->timeout(10);
try {
    main(new TwoFactor($http), ...array_slice($argv, 1));
} catch (TwoFactorException $problem) {
    if ($problem->status === 401) {
        giveUp('The token is not accepted: sign in again.');
    }
    $fields = array_map(fn (array $error) => "\n{$error['pointer']} {$error['detail']}", $problem->errors);
    giveUp($problem->getMessage().implode('', $fields));
} catch (ConnectionException $error) {
    giveUp("Given up: {$error->getMessage()}");
}
