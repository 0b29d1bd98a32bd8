<?php
/**
 * Plugin Name:       Parley
 * Description:       Tells a Parley service of every article that is published, changed or withdrawn, signed, and keeps the result it sends back.
 * Version:           1.0.0
 * Requires at least: 5.6
 * Requires PHP:      7.4
 * License:           Apache-2.0
 * License URI:       https://www.apache.org/licenses/LICENSE-2.0
 * Text Domain:       parley
 *
 * @package Parley
 */

namespace Parley;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

const VERSION = '1.0.0';

require_once __DIR__ . '/signature.php';
require_once __DIR__ . '/article.php';
require_once __DIR__ . '/delivery.php';
require_once __DIR__ . '/settings.php';

/**
 * A post was saved, with its terms and meta: also when it was scheduled and is due, went to the trash or came back from it.
 * (The action "wp_trash_post" comes before the post is in the trash, and this one follows it: it would only tell twice.)
 *
 * @param int           $post_id
 * @param \WP_Post      $post
 * @param bool          $update
 * @param \WP_Post|null $before The post before it was saved.
 */
function on_save( $post_id, $post, $update, $before ): void {
	$event = is_configured() ? event_of_save( $post, $before, settings()['types'] ) : null;
	if ( null === $event ) {
		return;
	}
	if ( 'article.unpublished' === $event ) {
		tell_gone( $event, $before, $post->post_status );
		return;
	}
	update_post_meta( $post->ID, TOLD_META, '1' );
	enqueue( $event, $post->ID, null );
}

/**
 * A post is about to be deleted for good; afterwards there is nothing left to read.
 *
 * @param int           $post_id
 * @param \WP_Post|null $post
 */
function on_delete( $post_id, $post = null ): void {
	$post = $post ?? get_post( $post_id );
	if ( null !== $post && is_configured() && is_known( $post, settings()['types'] ) ) {
		tell_gone( 'article.deleted', $post, 'deleted' );
	}
}

/**
 * Tell that an article is gone. The message is written now, while the post still knows its public address.
 *
 * @param string   $type
 * @param \WP_Post $public The post as it was.
 * @param string   $status What it is now.
 */
function tell_gone( string $type, $public, string $status ): void {
	$now = gmdate( 'Y-m-d\TH:i:s\Z' );
	enqueue( $type, $public->ID, envelope( $type, $now, gone( $public, $status, $now ) ) );
}

/**
 * Let Parley write its result: only as a user who may edit the post, and only editors read it, since no person has checked it.
 */
function register_result(): void {
	foreach ( settings()['types'] as $type ) {
		add_post_type_support( $type, 'custom-fields' ); // Without it the REST API ignores meta, silently.
		register_post_meta(
			$type,
			RESULT_META,
			array(
				'type'          => 'string',
				'description'   => 'What Parley read in the article, as JSON.',
				'single'        => true,
				'show_in_rest'  => array( 'schema' => array( 'context' => array( 'edit' ) ) ),
				'auth_callback' => __NAMESPACE__ . '\may_write_result',
			)
		);
	}
}

/**
 * Whether the user may write the result of this post.
 *
 * @param bool   $allowed
 * @param string $key
 * @param int    $post_id
 * @param int    $user_id
 */
function may_write_result( $allowed, $key, $post_id, $user_id ): bool {
	return user_can( $user_id, 'edit_post', $post_id );
}

/**
 * The plugin is switched on.
 */
function activate(): void {
	if ( ! wp_next_scheduled( RESUME_HOOK ) ) {
		wp_schedule_event( time(), 'hourly', RESUME_HOOK );
	}
	resume();
}

/**
 * The plugin is switched off: what waits stays, and goes on when it is switched on again.
 */
function deactivate(): void {
	wp_clear_scheduled_hook( RESUME_HOOK );
	wp_unschedule_hook( DELIVER_HOOK );
}

/**
 * The plugin is removed: so is all it stored, save the results, which belong to the posts.
 */
function uninstall(): void {
	foreach ( array_keys( undelivered() ) as $id ) {
		forget( $id );
	}
	delete_option( OPTION );
	delete_post_meta_by_key( TOLD_META );
}

add_action( 'wp_after_insert_post', __NAMESPACE__ . '\on_save', 10, 4 );
add_action( 'before_delete_post', __NAMESPACE__ . '\on_delete', 10, 2 );
add_action( DELIVER_HOOK, __NAMESPACE__ . '\deliver' );
add_action( 'init', __NAMESPACE__ . '\register_result', 99 );
add_action( 'admin_init', __NAMESPACE__ . '\register_settings' );
add_action( 'admin_menu', __NAMESPACE__ . '\add_page' );
add_action( 'admin_post_' . AGAIN_ACTION, __NAMESPACE__ . '\handle_again' );
add_action( RESUME_HOOK, __NAMESPACE__ . '\resume' );
register_activation_hook( __FILE__, __NAMESPACE__ . '\activate' );
register_deactivation_hook( __FILE__, __NAMESPACE__ . '\deactivate' );
register_uninstall_hook( __FILE__, __NAMESPACE__ . '\uninstall' );
