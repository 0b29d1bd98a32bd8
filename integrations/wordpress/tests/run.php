<?php
/**
 * Tests of the plugin without WordPress and without PHPUnit: php run.php [webhook-vectors.json]
 *
 * Every function whose name starts with "test_" is a test; a test fails by an exception. The exit code is 1 if one failed.
 * php run.php --deliver prints, as JSON, a request that the plugin made, for a check by another implementation.
 */

error_reporting( E_ALL );
set_error_handler(
	function ( $severity, $message, $file, $line ) {
		throw new ErrorException( $message, 0, $severity, $file, $line );
	}
);

require __DIR__ . '/wordpress.php';
require __DIR__ . '/../parley/parley.php';

const SECRET = 'whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX';
const HOOK   = 'https://parley.example/hooks/wordpress/con_1';

function expect( $wanted, $got, string $what = '' ): void {
	if ( $wanted !== $got ) {
		throw new Exception( trim( "$what: " . var_export( $got, true ) . ' instead of ' . var_export( $wanted, true ), ': ' ) );
	}
}

/** A site with the plugin set up, and one public post. */
function site( string ...$types ): WP_Post {
	Site::reset();
	Site::$options['parley_settings'] = array( 'url' => HOOK, 'secret' => SECRET, 'types' => $types ? $types : array( 'post' ) );
	return Site::$posts[42]           = new WP_Post();
}

/** A copy of a post with other fields. */
function changed( WP_Post $post, array $fields ): WP_Post {
	return new WP_Post( $fields + get_object_vars( $post ) );
}

/** WordPress saved a post. */
function save( WP_Post $post, ?WP_Post $before ): void {
	Site::$posts[ $post->ID ] = $post;
	Parley\on_save( $post->ID, $post, null !== $before, $before );
}

/** Run the scheduled event that is due first, as WP-Cron does: it is removed, then called. Gives its time. */
function run_next_event(): int {
	usort( Site::$events, fn( $one, $other ) => $one['at'] <=> $other['at'] );
	$event = array_shift( Site::$events );
	expect( 'parley_deliver', $event['hook'] );
	Parley\deliver( ...$event['args'] );
	return $event['at'];
}

/** The types of all messages that wait. */
function waiting(): array {
	$rows = array_filter( Site::$options, fn( $name ) => 0 === strpos( $name, 'parley_message_' ), ARRAY_FILTER_USE_KEY );
	return array_values( array_map( fn( $row ) => $row['type'], $rows ) );
}

/** The decoded body of a request. */
function sent( int $number ): array {
	return json_decode( Site::$requests[ $number ]['request']['body'], true, 512, JSON_THROW_ON_ERROR );
}

// Signatures.

function test_a_message_is_signed_as_the_standard_says(): void {
	// Written out: HMAC-SHA256 by the definition of RFC 2104, not by hash_hmac.
	$key   = str_pad( base64_decode( 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYX' ), 64, "\0" );
	$inner = hash( 'sha256', ( $key ^ str_repeat( "\x36", 64 ) ) . "msg_1.1767225600.{\"a\":\"\u{456}\"}", true );
	$outer = hash( 'sha256', ( $key ^ str_repeat( "\x5c", 64 ) ) . $inner, true );
	expect( 'v1,' . base64_encode( $outer ), Parley\sign( 'msg_1', 1767225600, "{\"a\":\"\u{456}\"}", SECRET ) );
}

function test_a_signature_holds_for_its_bytes_alone(): void {
	$signature = Parley\sign( 'msg_1', 1767225600, 'body', SECRET );
	$other     = 'whsec_' . base64_encode( str_repeat( 'k', 24 ) );
	expect( true, Parley\is_signed( 'msg_1', '1767225600', $signature, 'body', SECRET, 1767225900 ) );
	expect( true, Parley\is_signed( 'msg_1', '1767225600', "v1,AAAA $signature", 'body', SECRET, 1767225300 ), 'second of two' );
	expect( false, Parley\is_signed( 'msg_2', '1767225600', $signature, 'body', SECRET, 1767225600 ), 'id' );
	expect( false, Parley\is_signed( 'msg_1', '1767225601', $signature, 'body', SECRET, 1767225600 ), 'time' );
	expect( false, Parley\is_signed( 'msg_1', '1767225600', $signature, 'bodY', SECRET, 1767225600 ), 'body' );
	expect( false, Parley\is_signed( 'msg_1', '1767225600', $signature, 'body', $other, 1767225600 ), 'secret' );
	expect( false, Parley\is_signed( 'msg_1', '1767225600', $signature, 'body', SECRET, 1767225901 ), 'old' );
	expect( false, Parley\is_signed( 'msg_1', '1767225600', $signature, 'body', SECRET, 1767225299 ), 'of the future' );
	expect( false, Parley\is_signed( 'msg_1', "1767225600\n", $signature, 'body', SECRET, 1767225600 ), 'line break' );
	expect( false, Parley\is_signed( 'msg_1', '1767225600', '', 'body', SECRET, 1767225600 ), 'none' );
}

function test_only_secrets_of_the_right_form_and_size_are_used(): void {
	expect( 24, strlen( Parley\signing_key( 'whsec_' . base64_encode( str_repeat( 'k', 24 ) ) ) ) );
	expect( 64, strlen( Parley\signing_key( 'whsec_' . base64_encode( str_repeat( 'k', 64 ) ) ) ) );
	$short = 'whsec_' . base64_encode( str_repeat( 'k', 23 ) );
	$long  = 'whsec_' . base64_encode( str_repeat( 'k', 65 ) );
	foreach ( array( '', 'whsec_', 'newsroom-secret-1', base64_encode( str_repeat( 'k', 24 ) ), $short, $long, SECRET . '!' ) as $bad ) {
		expect( null, Parley\signing_key( $bad ), $bad );
	}
	try {
		Parley\sign( 'msg_1', 1, 'body', 'newsroom-secret-1' );
	} catch ( InvalidArgumentException $refused ) {
		expect( false, strpos( $refused->getMessage(), 'newsroom-secret-1' ) );
		return;
	}
	throw new Exception( 'An unusable secret was used.' );
}

/** The standard scheme's vectors of the file that was named, each signature with its own secret. */
function check_vectors( string $path ): int {
	$checked = 0;
	foreach ( json_decode( file_get_contents( $path ), true, 512, JSON_THROW_ON_ERROR ) as $vector ) {
		if ( 0 !== strpos( $vector['scheme'], 'standard-webhooks' ) ) {
			continue;
		}
		expect( $vector['body_sha256'], hash( 'sha256', $vector['body'] ) );
		$headers = $vector['headers'];
		$made    = array_map(
			fn( $secret ) => Parley\sign( $headers['webhook-id'], (int) $headers['webhook-timestamp'], $vector['body'], $secret ),
			explode( ' + ', $vector['secret'] )
		);
		expect( $headers['webhook-signature'], implode( ' ', $made ), $vector['scheme'] );
		$checked += count( $made );
	}
	expect( true, $checked > 0, 'vectors found' );
	return $checked;
}

// What is told.

function test_the_first_publication_is_told_and_an_edit_is_an_update(): void {
	$post = site();
	save( $post, null );
	save( changed( $post, array( 'post_content' => '<p>Other.</p>' ) ), $post );
	expect( array( 'article.published', 'article.updated' ), waiting() );
}

function test_a_draft_and_a_scheduled_post_are_told_when_they_are_published(): void {
	foreach ( array( 'draft', 'future', 'pending', 'private', 'auto-draft', 'trash' ) as $status ) {
		$post = site();
		$was  = changed( $post, array( 'post_status' => $status ) );
		save( $was, null );
		save( $was, $was );
		expect( array(), waiting(), $status );
		save( $post, $was );
		expect( array( 'article.published' ), waiting(), $status );
	}
}

function test_what_readers_no_longer_see_is_told_as_unpublished_without_its_text(): void {
	$hidden = array(
		array( 'post_status' => 'draft' ),
		array( 'post_status' => 'private' ),
		array( 'post_status' => 'trash', 'post_name' => 'harbour-quiet__trashed' ),
		array( 'post_password' => 'open sesame' ),
		array( 'post_type' => 'product' ),
	);
	foreach ( $hidden as $fields ) {
		$post = site();
		save( changed( $post, $fields ), $post );
		expect( array( 'article.unpublished' ), waiting() );
		run_next_event();
		$data = sent( 0 )['data'];
		expect( 'https://news.example/harbour-quiet/', $data['url'] );
		expect( $fields['post_status'] ?? 'publish', $data['status'] );
		expect( array( null, null ), array( $data['title'], $data['html'] ) );
		expect( false, strpos( Site::$requests[0]['request']['body'], 'Varga' ) );
	}
}

function test_revisions_autosaves_and_other_types_are_not_told(): void {
	$post               = site();
	Site::$is_revision = true;
	save( $post, null );
	Site::$is_revision = false;
	Site::$is_autosave = true;
	save( $post, null );
	Site::$is_autosave = false;
	save( changed( $post, array( 'post_type' => 'page' ) ), null );
	save( changed( $post, array( 'post_type' => 'revision', 'post_status' => 'inherit' ) ), null );
	expect( array(), waiting() );
	site( 'post', 'page' );
	save( changed( $post, array( 'post_type' => 'page' ) ), null );
	expect( array( 'article.published' ), waiting() );
}

function test_a_write_back_that_only_sets_meta_is_not_told(): void {
	$post = site();
	Site::$meta[42]['_parley_extraction'] = '{"quotes":[]}';
	save( changed( $post, array( 'post_modified_gmt' => '2026-01-01 00:06:00' ) ), $post );
	expect( array(), waiting() );
}

function test_every_field_that_is_sent_counts_as_a_change(): void {
	$fields = array( 'post_title' => 'x', 'post_content' => 'x', 'post_name' => 'x', 'post_parent' => 9, 'post_date_gmt' => '2026-02-02 00:00:00' );
	foreach ( $fields as $name => $value ) {
		$post = site();
		save( changed( $post, array( $name => $value ) ), $post );
		expect( array( 'article.updated' ), waiting(), $name );
	}
}

function test_a_deletion_is_told_of_what_was_public_or_told_before(): void {
	$post  = site();
	$trash = changed( $post, array( 'post_status' => 'trash' ) );
	$draft = changed( $post, array( 'post_status' => 'draft' ) );

	Parley\on_delete( 42, $post );
	expect( array( 'article.deleted' ), waiting(), 'public' );
	run_next_event();
	expect( 'https://news.example/harbour-quiet/', sent( 0 )['data']['url'] );
	expect( 'deleted', sent( 0 )['data']['status'] );
	expect( null, sent( 0 )['data']['html'] );

	site();
	Parley\on_delete( 42, $draft );
	Parley\on_delete( 42, $trash );
	Parley\on_delete( 43 );
	expect( array(), waiting(), 'never public' );
	Site::$meta[42]['_wp_trash_meta_status'] = 'publish';
	Parley\on_delete( 42, $trash );
	expect( array( 'article.deleted' ), waiting(), 'from the trash' );

	site();
	save( $post, null );
	run_next_event();
	Parley\on_delete( 42, $draft );
	expect( array( 'article.deleted' ), waiting(), 'told once, then taken back' );
}

function test_nothing_is_queued_until_url_and_secret_are_set(): void {
	foreach ( array( array( 'url' => '' ), array( 'secret' => '' ) ) as $missing ) {
		$post                             = site();
		Site::$options['parley_settings'] = $missing + Site::$options['parley_settings'];
		save( $post, null );
		Parley\on_delete( 42, $post );
		expect( array(), waiting() );
	}
}

// The payload.

function test_the_payload_is_the_article_as_readers_see_it(): void {
	$post                        = site();
	Site::$filters['the_content'] = function ( $html ) {
		expect( 42, $GLOBALS['post']->ID ?? null, 'the current post while blocks are rendered' );
		return preg_replace( '/<!--.*?-->/', '', $html );
	};
	$GLOBALS['post'] = null;
	save( $post, null );
	run_next_event();
	expect( null, $GLOBALS['post'], 'the current post afterwards' );
	$payload = sent( 0 );
	expect( array( 'type', 'timestamp', 'data' ), array_keys( $payload ) );
	expect( 'article.published', $payload['type'] );
	expect( 1, preg_match( '/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/', $payload['timestamp'] ) );
	$wanted = array(
		'id'           => 42,
		'url'          => 'https://news.example/harbour-quiet/',
		'language'     => 'pt-BR',
		'title'        => 'Harbour “quiet”',
		'html'         => '<p>“We are home,” said Ilse Varga.</p>',
		'published_at' => '2026-01-01T00:00:00Z',
		'updated_at'   => '2026-01-01T00:05:00Z',
		'status'       => 'publish',
	);
	expect( $wanted, $payload['data'] );
}

function test_a_language_plugin_and_the_filter_have_the_last_word(): void {
	$post = site();
	Site::$filters['wpml_post_language_details'] = fn( $none, $id ) => array( 'locale' => 'uk' );
	Site::$filters['parley_article']             = fn( $article, $post ) => array( 'author' => 'Desk' ) + $article;
	save( $post, null );
	run_next_event();
	expect( 'uk', sent( 0 )['data']['language'] );
	expect( 'Desk', sent( 0 )['data']['author'] );
}

// Delivery.

function test_a_delivery_is_signed_and_forgotten_when_it_was_accepted(): void {
	$post = site();
	save( $post, null );
	run_next_event();
	expect( HOOK, Site::$requests[0]['url'] );
	$request = Site::$requests[0]['request'];
	$headers = $request['headers'];
	expect( 'application/json', $headers['Content-Type'] );
	expect( 0, $request['redirection'] );
	$arguments = array( $headers['webhook-id'], $headers['webhook-timestamp'], $headers['webhook-signature'] );
	expect( true, Parley\is_signed( ...$arguments, ...array( $request['body'], SECRET, time() ) ) );
	expect( array( array(), array() ), array( waiting(), Site::$events ) );
}

function test_a_refused_delivery_is_sent_again_on_schedule_with_the_same_id_and_bytes_then_given_up(): void {
	$post          = site();
	Site::$answers = array( 500, 503, new WP_Error( 'timed out' ), 401, 302, 404 );
	save( $post, null );
	run_next_event();
	Site::$posts[42] = changed( $post, array( 'post_content' => 'changed meanwhile' ) );
	foreach ( array( 5, 300, 1800, 7200, 18000 ) as $wait ) {
		$late = run_next_event() - time() - $wait;
		expect( true, $late >= -2 && $late <= 0, "retry after $wait s" );
	}
	expect( array(), Site::$events, 'no seventh attempt' );
	expect( 6, count( Site::$requests ) );
	$ids = array_map( fn( $made ) => $made['request']['headers']['webhook-id'], Site::$requests );
	expect( 1, count( array_unique( $ids ) ), 'ids' );
	expect( 1, count( array_unique( array_map( fn( $made ) => $made['request']['body'], Site::$requests ) ) ), 'bodies' );
	$row = array_values( array_filter( Site::$options, fn( $name ) => 0 === strpos( $name, 'parley_message_' ), ARRAY_FILTER_USE_KEY ) )[0];
	expect( array( true, 6, 'Parley answered 404.' ), array( $row['given_up'], $row['attempts'], $row['problem'] ) );
	Parley\deliver( substr( array_keys( Site::$options )[1], strlen( 'parley_message_' ) ) );
	expect( 6, count( Site::$requests ), 'given up is given up' );
}

function test_an_attempt_that_dies_costs_an_attempt_and_not_the_message(): void {
	$post                         = site();
	Site::$filters['the_content'] = function () {
		throw new RuntimeException( 'some plugin' );
	};
	save( $post, null );
	try {
		run_next_event();
	} catch ( RuntimeException $died ) {
		Site::$filters = array();
	}
	expect( 1, count( Site::$events ) );
	run_next_event();
	expect( 1, count( Site::$requests ) );
	expect( array( array(), array() ), array( waiting(), Site::$events ) );
}

function test_an_attempt_that_dies_while_it_sends_is_made_again_with_the_same_bytes(): void {
	$post          = site();
	Site::$answers = array( new RuntimeException( 'out of time' ) );
	save( $post, null );
	try {
		run_next_event();
	} catch ( RuntimeException $died ) {
		Site::$posts[42] = changed( $post, array( 'post_content' => 'changed meanwhile' ) );
	}
	run_next_event();
	expect( 2, count( Site::$requests ) );
	expect( Site::$requests[0]['request']['body'], Site::$requests[1]['request']['body'] );
}

function test_what_was_withdrawn_before_it_was_sent_is_not_sent_with_its_text(): void {
	$post = site();
	save( $post, null );
	save( changed( $post, array( 'post_status' => 'draft' ) ), $post );
	run_next_event();
	run_next_event();
	expect( 1, count( Site::$requests ) );
	expect( 'article.unpublished', sent( 0 )['type'] );
	expect( array( array(), array() ), array( waiting(), Site::$events ) );
}

// Settings and the way back.

function test_only_usable_settings_are_kept(): void {
	site();
	foreach ( array( 'ftp://parley.example/h', 'https:', 'parley.example' ) as $bad ) {
		expect( HOOK, Parley\sanitize( array( 'url' => $bad ) )['url'], $bad );
	}
	Site::$errors = array();
	$kept         = Parley\sanitize( array( 'url' => 'javascript:alert(1)', 'secret' => 'short', 'types' => array( 'page', 'attachment', 'x' ) ) );
	expect( array( 'url' => HOOK, 'secret' => SECRET, 'types' => array( 'page' ) ), $kept );
	expect( array( 'url', 'secret' ), Site::$errors );
	$other = 'whsec_' . base64_encode( str_repeat( 'k', 32 ) );
	$kept  = Parley\sanitize( array( 'url' => ' https://new.example/h ', 'secret' => '', 'types' => array( 'post' ) ) );
	expect( array( 'url' => 'https://new.example/h', 'secret' => SECRET, 'types' => array( 'post' ) ), $kept, 'empty keeps the secret' );
	expect( $other, Parley\sanitize( array( 'secret' => $other ) )['secret'] );
	expect( array(), Parley\sanitize( 'nonsense' )['types'] );
}

function test_the_result_is_one_string_that_only_those_who_may_edit_the_post_write_and_read(): void {
	site( 'post', 'page' );
	Site::$registered_meta = array();
	Parley\register_result();
	expect( array( 'post', 'page' ), array_column( Site::$registered_meta, 0 ) );
	list( , $key, $arguments ) = Site::$registered_meta[0];
	expect( '_parley_extraction', $key );
	expect( array( 'string', true ), array( $arguments['type'], $arguments['single'] ) );
	expect( array( 'edit' ), $arguments['show_in_rest']['schema']['context'] );
	expect( true, $arguments['auth_callback']( false, $key, 42, 7 ) );
	expect( false, $arguments['auth_callback']( true, $key, 42, 8 ) );
	expect( false, $arguments['auth_callback']( true, $key, 41, 7 ) );
}

function test_the_plugin_listens_where_posts_are_complete(): void {
	expect( array( 'Parley\on_save', 4 ), Site::$actions['wp_after_insert_post'] );
	expect( array( 'Parley\on_delete', 2 ), Site::$actions['before_delete_post'] );
	expect( array( 'Parley\deliver', 1 ), Site::$actions['parley_deliver'] );
}

function main( array $arguments ): int {
	if ( array( '--deliver' ) === $arguments ) {
		save( site(), null );
		run_next_event();
		$request = Site::$requests[0]['request'];
		echo json_encode( array( 'secret' => SECRET, 'headers' => $request['headers'], 'body' => $request['body'] ) );
		return 0;
	}
	$tests = array_filter( get_defined_functions()['user'], fn( $name ) => 0 === strpos( $name, 'test_' ) );
	if ( $arguments ) {
		$tests[] = fn() => printf( "%d signatures of the vectors agree\n", check_vectors( $arguments[0] ) );
	}
	$failed = 0;
	foreach ( $tests as $test ) {
		try {
			$test();
		} catch ( Throwable $problem ) {
			++$failed;
			$name = is_string( $test ) ? $test : 'vectors';
			fwrite( STDERR, "FAILED $name: {$problem->getMessage()} (line {$problem->getLine()} of {$problem->getFile()})\n" );
		}
	}
	printf( "%d tests, %d failed\n", count( $tests ), $failed );
	return $failed || ! $tests ? 1 : 0;
}

exit( main( array_slice( $argv, 1 ) ) );
