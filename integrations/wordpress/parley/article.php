<?php
/**
 * What Parley is told of a post: which change it is, and the article as readers see it.
 *
 * @package Parley
 */

namespace Parley;

const RESULT_META = '_parley_extraction'; // Parley writes its result here.
const TOLD_META   = '_parley_told';       // Set once Parley was told of a post, so that it also hears of its deletion.

/**
 * Whether readers can see the post: of a chosen type, published, without a password, no revision and no autosave.
 *
 * @param \WP_Post|null $post
 * @param string[]      $types Post types to tell of.
 */
function is_public( $post, array $types ): bool {
	return null !== $post
		&& 'publish' === $post->post_status
		&& '' === (string) $post->post_password
		&& in_array( $post->post_type, $types, true )
		&& ! wp_is_post_revision( $post )
		&& ! wp_is_post_autosave( $post );
}

/**
 * The event that a save means, or null where there is nothing to tell: the post neither is nor was public, or nothing that
 * Parley reads has changed. The latter is what Parley's own write-back looks like, which only sets post meta.
 *
 * @param \WP_Post      $post
 * @param \WP_Post|null $before The post before it was saved; null for a new one.
 * @param string[]      $types
 */
function event_of_save( $post, $before, array $types ): ?string {
	$is  = is_public( $post, $types );
	$was = is_public( $before, $types );
	if ( $is && ! $was ) {
		return 'article.published';
	}
	if ( $is ) {
		return is_same( $post, $before ) ? null : 'article.updated';
	}
	return $was ? 'article.unpublished' : null;
}

/**
 * Whether two versions of a post agree in everything that the payload is made of, save the time of the last change.
 *
 * @param \WP_Post $post
 * @param \WP_Post $before
 */
function is_same( $post, $before ): bool {
	foreach ( array( 'post_title', 'post_content', 'post_name', 'post_parent', 'post_date_gmt' ) as $field ) {
		if ( (string) $post->$field !== (string) $before->$field ) {
			return false;
		}
	}
	return true;
}

/**
 * Whether Parley may know a post that is about to be deleted: it is public, was told of, or went from public to the trash.
 *
 * @param \WP_Post $post
 * @param string[] $types
 */
function is_known( $post, array $types ): bool {
	return is_public( $post, $types )
		|| ( in_array( $post->post_type, $types, true )
			&& ( get_post_meta( $post->ID, TOLD_META, true )
				|| ( 'trash' === $post->post_status && 'publish' === get_post_meta( $post->ID, '_wp_trash_meta_status', true ) ) ) );
}

/**
 * The article as readers see it: blocks and shortcodes rendered, entities of the title resolved.
 *
 * @param \WP_Post $post
 * @return array<string, mixed>
 */
function article( $post ): array {
	return array_merge(
		facts( $post ),
		array(
			'url'   => get_permalink( $post ),
			'title' => html_entity_decode( wp_strip_all_tags( get_the_title( $post ) ), ENT_QUOTES | ENT_HTML5, 'UTF-8' ),
			'html'  => rendered( $post ),
		)
	);
}

/**
 * What is told of an article that is gone: which one, but nothing of what it said.
 *
 * @param \WP_Post $public The post as it was while it was public, which knows the address it had.
 * @param string   $status What it is now.
 * @param string   $at     Time of the change, ISO 8601 in UTC.
 * @return array<string, mixed>
 */
function gone( $public, string $status, string $at ): array {
	return array_merge(
		facts( $public ),
		array(
			'url'        => 'publish' === $public->post_status ? get_permalink( $public ) : null,
			'status'     => $status,
			'updated_at' => $at,
		)
	);
}

/**
 * The body of a message, to the byte.
 *
 * @param string               $type    Such as "article.published".
 * @param string               $at      When it happened, ISO 8601 in UTC.
 * @param array<string, mixed> $article
 */
function envelope( string $type, string $at, array $article ): string {
	return (string) wp_json_encode(
		array(
			'type'      => $type,
			'timestamp' => $at,
			'data'      => $article,
		)
	);
}

/**
 * What every message says of its article.
 *
 * @param \WP_Post $post
 * @return array<string, mixed>
 */
function facts( $post ): array {
	return array(
		'id'           => $post->ID,
		'url'          => null,
		'language'     => language( $post ),
		'title'        => null,
		'html'         => null,
		'published_at' => utc( $post->post_date_gmt ),
		'updated_at'   => utc( $post->post_modified_gmt ),
		'status'       => $post->post_status,
	);
}

/**
 * The post's language as a tag such as "uk" or "pt-BR": Polylang's or WPML's if they are there, else the site's.
 *
 * @param \WP_Post $post
 */
function language( $post ): string {
	$own = function_exists( 'pll_get_post_language' ) ? pll_get_post_language( $post->ID, 'locale' ) : '';
	if ( ! $own ) {
		$wpml = apply_filters( 'wpml_post_language_details', null, $post->ID );
		$own  = is_array( $wpml ) && ! empty( $wpml['locale'] ) ? $wpml['locale'] : get_locale();
	}
	return str_replace( '_', '-', $own );
}

/**
 * A time of the database in ISO 8601; null for the zeros that stand for "never".
 */
function utc( string $mysql_gmt ): ?string {
	return '' === $mysql_gmt || 0 === strpos( $mysql_gmt, '0000' ) ? null : str_replace( ' ', 'T', $mysql_gmt ) . 'Z';
}

/**
 * The post's content as the theme would print it. Blocks and shortcodes may ask for the current post, so it is set meanwhile.
 *
 * @param \WP_Post $article
 */
function rendered( $article ): string {
	global $post;
	$current = $post;
	$post    = $article; // phpcs:ignore WordPress.WP.GlobalVariablesOverride -- put back below.
	setup_postdata( $article );
	try {
		return (string) apply_filters( 'the_content', $article->post_content );
	} finally {
		$post = $current; // phpcs:ignore WordPress.WP.GlobalVariablesOverride
		if ( $current ) {
			setup_postdata( $current );
		}
	}
}
