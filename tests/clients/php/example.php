<?php

// How to use src/, in a terminal: TWO_FACTOR_URL=… TWO_FACTOR_TOKEN=… php example.php sign-in
// Laravel's HTTP client comes from Composer (`composer install`) or from Debian (php-illuminate-http,
// php-guzzlehttp-guzzle).

use Illuminate\Http\Client\ConnectionException;
use Illuminate\Http\Client\Factory;
use TwoFactor\TwoFactor;
use TwoFactor\TwoFactorException;

error_reporting(E_ALL & ~E_DEPRECATED);
$composer = __DIR__.'/vendor/autoload.php';
if (is_file($composer)) {
    require $composer;
} else {
    require 'Illuminate/Http/autoload.php';
    require 'GuzzleHttp/autoload.php';
    foreach (['Outcome', 'TwoFactor', 'TwoFactorException'] as $class) {
        require __DIR__."/src/$class.php";
    }
}

const LONGEST_WAIT = 120;

function main(TwoFactor $client, string $command = '', string ...$words): void
{
    switch ($command) {
        case 'enrol-app':
            $secret = $client->newSecret();
            $client->enrolApp($secret);
            // A file that only this user can read, as the QR code holds the secret; it is deleted afterwards.
            $file = tempnam(sys_get_temp_dir(), 'two-factor-');
            rename($file, "$file.png");
            register_shutdown_function(fn () => unlink("$file.png"));
            file_put_contents("$file.png", base64_decode(explode(',', $client->qrImage())[1]));
            echo "Open $file.png and scan it with the app, or type this key: $secret\n";
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
        case 'view':
            foreach ($client->userSettings($words[0] ?? '') as $name => $value) {
                echo "$name: ", json_encode($value, JSON_UNESCAPED_UNICODE), "\n";
            }
            break;
        case 'reset':
            $client->resetUser($words[0] ?? '');
            break;
        default:
            giveUp('enrol-app | enrol-phone PREFIX NUMBER | sign-in | recovery-codes | disable | view USER-ID | reset USER-ID');
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
            giveUp('No code was typed.');
        }
        $outcome = $client->verifyAtSignIn($line);
        if ($outcome->done) {
            $left = $outcome->recoveryCodesLeft;
            echo $left === null ? "That is right.\n" : "That is right. Recovery codes left: $left\n";

            return;
        }
        echo $outcome->text, "\n";
        if ($outcome->wait > LONGEST_WAIT) {
            giveUp('Come back later.');
        }
        sleep($outcome->wait);
    }
}

function giveUp(string $why): void
{
    fwrite(STDERR, "$why\n");
    exit(1);
}

[$url, $token] = [getenv('TWO_FACTOR_URL'), getenv('TWO_FACTOR_TOKEN')];
if (! $url || ! $token) {
    giveUp("Set TWO_FACTOR_URL to the base URL of the API, and TWO_FACTOR_TOKEN to the user's token.");
}
$http = (new Factory())->baseUrl($url)->withToken($token)->timeout(10);
try {
    main(new TwoFactor($http), ...array_slice($argv, 1));
} catch (TwoFactorException $problem) {
    if ($problem->status === 401) {
        giveUp('The token was not accepted: sign in again.');
    }
    $fields = array_map(fn (array $error) => "\n{$error['pointer']} {$error['detail']}", $problem->errors);
    giveUp($problem->getMessage().implode('', $fields));
} catch (ConnectionException $error) {
    giveUp("No response: {$error->getMessage()}");
}
