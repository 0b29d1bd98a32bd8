<?php
/**
 * Sends messages from WP-Cron, so that the editor's save never waits, and sends again what was not accepted.
 *
 * A message is one row of the options table until it is accepted. The next attempt is scheduled before an attempt is made: a
 * request that dies half-way (a plugin's fatal error while the post is rendered) costs an attempt, not the message.
 *
 * @package Parley
 */

namespace Parley;

const DELIVER_HOOK = 'parley_deliver';
const RESUME_HOOK  = 'parley_resume';
const ROW_PREFIX   = 'parley_message_';
const RETRIES      = array( 5, 300, 1800, 7200, 18000 ); // Seconds: 5 s, 5 min, 30 min, 2 h, 5 h.
const TIMEOUT      = 15; // Seconds.

/**
 * Keep a message and have it sent soon.
 *
 * @param string      $type    Such as "article.updated".
 * @param int         $post_id The post that is read again when the message is first sent.
 * @param string|null $body    What to send where the post cannot be read later; null to read it then.
 */
function enqueue( string $type, int $post_id, ?string $body ): void {
	$id = 'msg_' . bin2hex( random_bytes( 16 ) );
	add_option(
		ROW_PREFIX . $id,
		array(
			'type'     => $type,
			'post_id'  => $post_id,
			'body'     => $body,
			'queued'   => time(),
			'attempts' => 0,
			'problem'  => '',
			'given_up' => false,
		),
		'',
		false
	);
	wp_schedule_single_event( time(), DELIVER_HOOK, array( $id ) );
}

/**
 * One attempt to deliver a message.
 */
function deliver( string $id ): void {
	$message  = get_option( ROW_PREFIX . $id );
	$settings = settings();
	if ( ! is_array( $message ) || $message['given_up'] ) {
		return;
	}
	$retry = RETRIES[ $message['attempts'] ] ?? null;
	++$message['attempts'];
	$message['problem']  = 'The attempt was cut off.';
	$message['given_up'] = null === $retry;
	update_option( ROW_PREFIX . $id, $message, false );
	if ( null !== $retry ) {
		wp_schedule_single_event( time() + $retry, DELIVER_HOOK, array( $id ) );
	}

	if ( null === $message['body'] ) {
		$message['body'] = body_now( $message );
		if ( null === $message['body'] ) {
			forget( $id ); // No longer public: what made it so was queued as a message of its own.
			return;
		}
		update_option( ROW_PREFIX . $id, $message, false ); // Attempts of one id must all send the same bytes.
	}
	$problem = send( $settings['url'], $settings['secret'], $id, $message['body'] );
	if ( '' === $problem ) {
		forget( $id );
		return;
	}
	$message['problem'] = $problem;
	update_option( ROW_PREFIX . $id, $message, false );
}

/**
 * The body of a message, of the post as it is now; null if the post is not public any more.
 *
 * @param array<string, mixed> $message
 */
function body_now( array $message ): ?string {
	$post = get_post( $message['post_id'] );
	if ( ! is_public( $post, settings()['types'] ) ) {
		return null;
	}
	/**
	 * What Parley is told of a post. Use it to send the text without boxes that plugins add to the content, or to add
	 * "author".
	 */
	$article = apply_filters( 'parley_article', article( $post ), $post );
	return envelope( $message['type'], gmdate( 'Y-m-d\TH:i:s\Z', $message['queued'] ), $article );
}

/**
 * Sign and send; empty when it was accepted, else what went wrong, fit to be shown to an administrator.
 */
function send( string $url, string $secret, string $id, string $body ): string {
	if ( '' === $url || null === signing_key( $secret ) ) {
		return 'The hook URL or the secret is not set.';
	}
	$answer = wp_remote_post(
		$url,
		array(
			'headers'     => signed_headers( $id, time(), $body, $secret ) + array( 'Content-Type' => 'application/json' ),
			'body'        => $body,
			'timeout'     => TIMEOUT,
			'redirection' => 0,
			'user-agent'  => 'Parley-WordPress/' . VERSION,
		)
	);
	if ( is_wp_error( $answer ) ) {
		return $answer->get_error_message();
	}
	$status = (int) wp_remote_retrieve_response_code( $answer );
	return $status >= 200 && $status < 300 ? '' : "Parley answered $status.";
}

/**
 * Drop a message and the attempt that was scheduled for it.
 */
function forget( string $id ): void {
	wp_clear_scheduled_hook( DELIVER_HOOK, array( $id ) );
	delete_option( ROW_PREFIX . $id );
}

/**
 * All messages that were not accepted yet, by id.
 *
 * @return array<string, array<string, mixed>>
 */
function undelivered(): array {
	global $wpdb;
	$names    = $wpdb->get_col(
		$wpdb->prepare(
			"SELECT option_name FROM {$wpdb->options} WHERE option_name LIKE %s ORDER BY option_id",
			$wpdb->esc_like( ROW_PREFIX ) . '%'
		)
	);
	$messages = array();
	foreach ( $names as $name ) {
		$message = get_option( $name );
		if ( is_array( $message ) ) {
			$messages[ substr( $name, strlen( ROW_PREFIX ) ) ] = $message;
		}
	}
	return $messages;
}

/**
 * Start over with every message that was given up or whose scheduled attempt was lost.
 */
function deliver_again(): void {
	foreach ( undelivered() as $id => $message ) {
		$message['attempts'] = 0;
		$message['given_up'] = false;
		update_option( ROW_PREFIX . $id, $message, false );
		wp_clear_scheduled_hook( DELIVER_HOOK, array( $id ) );
		wp_schedule_single_event( time(), DELIVER_HOOK, array( $id ) );
	}
}

/**
 * Schedule what waits without a scheduled attempt. Runs every hour and when the plugin is switched on: WordPress keeps all
 * scheduled events in one option, so that two processes that write it at the same time may lose one.
 */
function resume(): void {
	foreach ( undelivered() as $id => $message ) {
		if ( ! $message['given_up'] && ! wp_next_scheduled( DELIVER_HOOK, array( $id ) ) ) {
			wp_schedule_single_event( time(), DELIVER_HOOK, array( $id ) );
		}
	}
}
