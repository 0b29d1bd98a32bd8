<?php
/**
 * The settings page: where Parley is, the secret, which post types; and what could not be delivered.
 *
 * @package Parley
 */

namespace Parley;

const OPTION       = 'parley_settings';
const PAGE         = 'parley';
const AGAIN_ACTION = 'parley_deliver_again';
const CAPABILITY   = 'manage_options';

/**
 * The settings, complete.
 *
 * @return array{url: string, secret: string, types: string[]}
 */
function settings(): array {
	$stored = get_option( OPTION );
	return array_merge(
		array(
			'url'    => '',
			'secret' => '',
			'types'  => array( 'post' ),
		),
		is_array( $stored ) ? $stored : array()
	);
}

/**
 * Whether the plugin knows whom to tell.
 */
function is_configured(): bool {
	$settings = settings();
	return '' !== $settings['url'] && null !== signing_key( $settings['secret'] );
}

/**
 * Make the settings known to WordPress, which checks the nonce and the capability before it saves them.
 */
function register_settings(): void {
	register_setting(
		PAGE,
		OPTION,
		array(
			'type'              => 'array',
			'sanitize_callback' => __NAMESPACE__ . '\sanitize',
			'show_in_rest'      => false,
		)
	);
}

/**
 * Keep only what can be used. An empty secret keeps the one that is stored, because the page never shows it.
 *
 * @param mixed $given
 * @return array{url: string, secret: string, types: string[]}
 */
function sanitize( $given ): array {
	$given    = is_array( $given ) ? $given : array();
	$settings = settings();

	$typed = is_string( $given['url'] ?? null ) ? trim( $given['url'] ) : '';
	$url   = esc_url_raw( $typed, array( 'https', 'http' ) );
	if ( '' !== $typed && ( '' === $url || ! wp_parse_url( $url, PHP_URL_HOST ) ) ) {
		add_settings_error( OPTION, 'url', __( 'The hook URL must start with https:// or http://.', 'parley' ) );
	} else {
		$settings['url'] = $url;
	}

	$secret = is_string( $given['secret'] ?? null ) ? trim( $given['secret'] ) : '';
	if ( '' !== $secret && null === signing_key( $secret ) ) {
		add_settings_error( OPTION, 'secret', __( 'The secret must be "whsec_" and what Parley printed after it.', 'parley' ) );
	} elseif ( '' !== $secret ) {
		$settings['secret'] = $secret;
	}

	$types             = is_array( $given['types'] ?? null ) ? $given['types'] : array();
	$settings['types'] = array_values( array_intersect( array_keys( choosable_types() ), $types ) );
	return $settings;
}

/**
 * Post types that readers can see, by name.
 *
 * @return array<string, string> Name and label.
 */
function choosable_types(): array {
	$types = array();
	foreach ( get_post_types( array( 'public' => true ), 'objects' ) as $type ) {
		if ( 'attachment' !== $type->name ) {
			$types[ $type->name ] = $type->labels->name;
		}
	}
	return $types;
}

/**
 * Put the page into the menu "Settings".
 */
function add_page(): void {
	add_options_page( 'Parley', 'Parley', CAPABILITY, PAGE, __NAMESPACE__ . '\show_page' );
}

/**
 * Print the page.
 */
function show_page(): void {
	if ( ! current_user_can( CAPABILITY ) ) {
		wp_die( esc_html__( 'You may not change these settings.', 'parley' ), '', array( 'response' => 403 ) );
	}
	$settings = settings();
	?>
	<div class="wrap">
		<h1>Parley</h1>
		<form action="options.php" method="post">
			<?php settings_fields( PAGE ); ?>
			<table class="form-table" role="presentation">
				<tr>
					<th scope="row"><label for="parley-url"><?php esc_html_e( 'Hook URL', 'parley' ); ?></label></th>
					<td>
						<input id="parley-url" class="large-text code" type="url" name="<?php echo esc_attr( OPTION ); ?>[url]"
							value="<?php echo esc_attr( $settings['url'] ); ?>">
						<p class="description">
							<?php esc_html_e( 'As "parley connections create wordpress" printed it.', 'parley' ); ?>
						</p>
					</td>
				</tr>
				<tr>
					<th scope="row"><label for="parley-secret"><?php esc_html_e( 'Secret', 'parley' ); ?></label></th>
					<td>
						<input id="parley-secret" class="regular-text code" type="password" autocomplete="off"
							name="<?php echo esc_attr( OPTION ); ?>[secret]" value="">
						<p class="description">
							<?php
							echo '' === $settings['secret']
								? esc_html__( 'Starts with whsec_.', 'parley' )
								: esc_html__( 'A secret is stored. Leave this empty to keep it.', 'parley' );
							?>
						</p>
					</td>
				</tr>
				<tr>
					<th scope="row"><?php esc_html_e( 'Post types', 'parley' ); ?></th>
					<td>
						<fieldset>
							<?php foreach ( choosable_types() as $name => $label ) : ?>
								<label>
									<input type="checkbox" name="<?php echo esc_attr( OPTION ); ?>[types][]"
										value="<?php echo esc_attr( $name ); ?>"
										<?php checked( in_array( $name, $settings['types'], true ) ); ?>>
									<?php echo esc_html( $label ); ?>
								</label><br>
							<?php endforeach; ?>
						</fieldset>
					</td>
				</tr>
			</table>
			<?php submit_button(); ?>
		</form>
		<?php show_undelivered(); ?>
	</div>
	<?php
}

/**
 * Print what waits and what was given up, with a button to try again.
 */
function show_undelivered(): void {
	$messages = undelivered();
	if ( ! $messages ) {
		return;
	}
	?>
	<h2><?php esc_html_e( 'Not delivered yet', 'parley' ); ?></h2>
	<table class="widefat striped">
		<thead><tr>
			<th><?php esc_html_e( 'Since', 'parley' ); ?></th>
			<th><?php esc_html_e( 'Event', 'parley' ); ?></th>
			<th><?php esc_html_e( 'Post', 'parley' ); ?></th>
			<th><?php esc_html_e( 'Attempts', 'parley' ); ?></th>
			<th><?php esc_html_e( 'Last problem', 'parley' ); ?></th>
		</tr></thead>
		<tbody>
			<?php foreach ( array_slice( $messages, -50 ) as $message ) : ?>
				<tr>
					<td><?php echo esc_html( (string) wp_date( 'Y-m-d H:i:s', $message['queued'] ) ); ?></td>
					<td><?php echo esc_html( $message['type'] ); ?></td>
					<td><?php echo esc_html( (string) $message['post_id'] ); ?></td>
					<td>
						<?php
						echo esc_html( (string) $message['attempts'] );
						echo $message['given_up'] ? esc_html__( ', given up', 'parley' ) : '';
						?>
					</td>
					<td><?php echo esc_html( $message['problem'] ); ?></td>
				</tr>
			<?php endforeach; ?>
		</tbody>
	</table>
	<form action="<?php echo esc_url( admin_url( 'admin-post.php' ) ); ?>" method="post">
		<input type="hidden" name="action" value="<?php echo esc_attr( AGAIN_ACTION ); ?>">
		<?php
		wp_nonce_field( AGAIN_ACTION );
		submit_button( __( 'Try all again', 'parley' ), 'secondary' );
		?>
	</form>
	<?php
}

/**
 * What the button "Try all again" does.
 */
function handle_again(): void {
	if ( ! current_user_can( CAPABILITY ) ) {
		wp_die( esc_html__( 'You may not change these settings.', 'parley' ), '', array( 'response' => 403 ) );
	}
	check_admin_referer( AGAIN_ACTION );
	deliver_again();
	wp_safe_redirect( admin_url( 'options-general.php?page=' . PAGE ) );
	exit;
}
