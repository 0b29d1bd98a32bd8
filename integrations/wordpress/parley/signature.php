<?php
/**
 * Signatures by Standard Webhooks 1.0.0, version v1: HMAC-SHA256 over id, time and body with full stops between them.
 *
 * Needs no WordPress, so that a plain PHP program can test it or use it to check what Parley sends.
 *
 * @package Parley
 */

namespace Parley;

const SECRET_PREFIX = 'whsec_';

/**
 * The key inside a secret: what follows "whsec_" is the base64 of 24 to 64 bytes. Null for anything else.
 */
function signing_key( string $secret ): ?string {
	if ( 0 !== strpos( $secret, SECRET_PREFIX ) ) {
		return null;
	}
	$key = base64_decode( substr( $secret, strlen( SECRET_PREFIX ) ), true );
	return is_string( $key ) && strlen( $key ) >= 24 && strlen( $key ) <= 64 ? $key : null;
}

/**
 * The signature of one message with one secret, such as "v1,nhfo...".
 *
 * @param string $id        The message's own id; it stays the same when the message is sent again.
 * @param int    $timestamp Unix seconds of this attempt.
 * @param string $body      The bytes that are sent.
 * @param string $secret    "whsec_" and the key in base64.
 * @throws \InvalidArgumentException When the secret is unusable. Its text is not in the message.
 */
function sign( string $id, int $timestamp, string $body, string $secret ): string {
	$key = signing_key( $secret );
	if ( null === $key ) {
		throw new \InvalidArgumentException( 'The secret must be "whsec_" and the base64 of 24 to 64 bytes.' );
	}
	return 'v1,' . base64_encode( hash_hmac( 'sha256', "$id.$timestamp.$body", $key, true ) );
}

/**
 * The three headers of one attempt.
 *
 * @return array<string, string>
 */
function signed_headers( string $id, int $timestamp, string $body, string $secret ): array {
	return array(
		'webhook-id'        => $id,
		'webhook-timestamp' => (string) $timestamp,
		'webhook-signature' => sign( $id, $timestamp, $body, $secret ),
	);
}

/**
 * Whether a message that came in was signed with the secret, at most five minutes ago.
 *
 * @param string $signatures The header "webhook-signature": one or more signatures with spaces between them.
 * @param int    $now        Unix seconds.
 */
function is_signed( string $id, string $timestamp, string $signatures, string $body, string $secret, int $now ): bool {
	if ( ! preg_match( '/^[1-9][0-9]{0,11}$/D', $timestamp ) || abs( $now - (int) $timestamp ) > 300 ) {
		return false;
	}
	$expected = sign( $id, (int) $timestamp, $body, $secret );
	foreach ( explode( ' ', $signatures ) as $signature ) {
		if ( hash_equals( $expected, $signature ) ) {
			return true;
		}
	}
	return false;
}
