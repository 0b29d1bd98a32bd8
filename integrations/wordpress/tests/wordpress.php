<?php
/**
 * As much of WordPress as the plugin uses, over arrays: enough to test the plugin's own decisions, nothing of WordPress's.
 */

const ABSPATH = '/';

final class WP_Post {
	public int $ID                   = 42;
	public string $post_title        = 'Harbour &#8220;quiet&#8221;';
	public string $post_content      = '<!-- wp:paragraph --><p>“We are home,” said Ilse Varga.</p><!-- /wp:paragraph -->';
	public string $post_name         = 'harbour-quiet';
	public string $post_status       = 'publish';
	public string $post_type         = 'post';
	public string $post_password     = '';
	public int $post_parent          = 0;
	public string $post_date_gmt     = '2026-01-01 00:00:00';
	public string $post_modified_gmt = '2026-01-01 00:05:00';

	/** @param array<string, mixed> $fields */
	public function __construct( array $fields = array() ) {
		foreach ( $fields as $name => $value ) {
			$this->$name = $value;
		}
	}
}

final class WP_Error {
	private string $message;

	public function __construct( string $message ) {
		$this->message = $message;
	}

	public function get_error_message(): string {
		return $this->message;
	}
}

/** What the stubs keep between calls. */
final class Site {
	/** @var array<string, mixed> */
	public static array $options = array();
	/** @var array<int, array<string, mixed>> */
	public static array $meta = array();
	/** @var array<int, WP_Post> */
	public static array $posts = array();
	/** @var array<int, array{at: int, hook: string, args: array<mixed>}> */
	public static array $events = array();
	/** @var array<int, array{url: string, request: array<string, mixed>}> */
	public static array $requests = array();
	/** @var array<int, int|WP_Error|Throwable> What requests come to, one each; then 200. */
	public static array $answers = array();
	/** @var array<string, callable> */
	public static array $filters = array();
	/** @var array<string, array{0: string, 1: int}> */
	public static array $actions = array();
	/** @var array<int, array{0: string, 1: string, 2: array<string, mixed>}> */
	public static array $registered_meta = array();
	/** @var string[] */
	public static array $errors = array();
	public static bool $is_revision = false;
	public static bool $is_autosave = false;

	public static function reset(): void {
		self::$options  = array();
		self::$meta     = array();
		self::$posts    = array();
		self::$events   = array();
		self::$requests = array();
		self::$answers  = array();
		self::$filters  = array();
		self::$errors   = array();
		self::$is_revision = false;
		self::$is_autosave = false;
	}
}

function add_action( $hook, $callback, $priority = 10, $arguments = 1 ) {
	Site::$actions[ $hook ] = array( $callback, $arguments );
}
function register_activation_hook( $file, $callback ) {}
function register_deactivation_hook( $file, $callback ) {}
function register_uninstall_hook( $file, $callback ) {}
function apply_filters( $hook, $value, ...$rest ) {
	return isset( Site::$filters[ $hook ] ) ? ( Site::$filters[ $hook ] )( $value, ...$rest ) : $value;
}
function get_option( $name ) {
	return Site::$options[ $name ] ?? false;
}
function add_option( $name, $value, $deprecated = '', $autoload = true ) {
	Site::$options[ $name ] = $value;
}
function update_option( $name, $value, $autoload = null ) {
	Site::$options[ $name ] = $value;
}
function delete_option( $name ) {
	unset( Site::$options[ $name ] );
}
function wp_schedule_single_event( $at, $hook, $args = array() ) {
	Site::$events[] = array( 'at' => $at, 'hook' => $hook, 'args' => $args );
	return true;
}
function wp_clear_scheduled_hook( $hook, $args = array() ) {
	Site::$events = array_values(
		array_filter( Site::$events, fn( $event ) => $event['hook'] !== $hook || $event['args'] !== $args )
	);
}
function wp_remote_post( $url, $request ) {
	Site::$requests[] = array( 'url' => $url, 'request' => $request );
	$answer           = Site::$answers ? array_shift( Site::$answers ) : 200;
	if ( $answer instanceof Throwable ) {
		throw $answer;
	}
	return $answer instanceof WP_Error ? $answer : array( 'response' => array( 'code' => $answer ) );
}
function is_wp_error( $thing ) {
	return $thing instanceof WP_Error;
}
function wp_remote_retrieve_response_code( $answer ) {
	return $answer['response']['code'];
}
function wp_json_encode( $value ) {
	return json_encode( $value );
}
function get_post( $id ) {
	return Site::$posts[ $id ] ?? null;
}
function get_post_meta( $id, $key, $single ) {
	return Site::$meta[ $id ][ $key ] ?? '';
}
function update_post_meta( $id, $key, $value ) {
	Site::$meta[ $id ][ $key ] = $value;
}
function get_permalink( $post ) {
	return "https://news.example/{$post->post_name}/";
}
function get_the_title( $post ) {
	return $post->post_title;
}
function wp_strip_all_tags( $text ) {
	return strip_tags( $text );
}
function wp_is_post_revision( $post ) {
	return Site::$is_revision ? $post->ID : false;
}
function wp_is_post_autosave( $post ) {
	return Site::$is_autosave ? $post->ID : false;
}
function get_locale() {
	return 'pt_BR';
}
function setup_postdata( $post ) {}
function add_post_type_support( $type, $feature ) {}
function register_post_meta( $type, $key, $arguments ) {
	Site::$registered_meta[] = array( $type, $key, $arguments );
}
function user_can( $user_id, $capability, $post_id ) {
	return 7 === $user_id && 'edit_post' === $capability && 42 === $post_id;
}
function esc_url_raw( $url, $protocols ) {
	return in_array( parse_url( $url, PHP_URL_SCHEME ), $protocols, true ) ? $url : '';
}
function wp_parse_url( $url, $part ) {
	return parse_url( $url, $part );
}
function add_settings_error( $setting, $code, $message ) {
	Site::$errors[] = $code;
}
function __( $text, $domain ) {
	return $text;
}
function get_post_types( $wanted, $output ) {
	$type = fn( $name ) => (object) array( 'name' => $name, 'labels' => (object) array( 'name' => ucfirst( $name ) ) );
	return array( $type( 'post' ), $type( 'page' ), $type( 'attachment' ) );
}
