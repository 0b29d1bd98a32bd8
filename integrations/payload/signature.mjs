// Signatures by Standard Webhooks 1.0.0, version v1: HMAC-SHA256 over id, time and body with full stops between them.
import { createHmac } from 'node:crypto'

const PREFIX = 'whsec_'

/**
 * The key inside a secret: what follows "whsec_" is the base64 of 24 to 64 bytes.
 * @param {string} secret
 * @returns {Buffer}
 * @throws {Error} For anything else; the message does not hold the secret.
 */
export function signingKey(secret) {
  const encoded = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : ''
  const key = Buffer.from(encoded, 'base64') // Skips what is no base64: compare.
  if (key.length < 24 || key.length > 64 || key.toString('base64').replace(/=+$/, '') !== encoded.replace(/=+$/, '')) {
    throw new Error('The secret must be "whsec_" and the base64 of 24 to 64 bytes')
  }
  return key
}

/**
 * The headers of one attempt.
 * @param {string} id The message's own id; it stays the same when the message is sent again.
 * @param {number} timestamp Unix seconds of this attempt.
 * @param {string} body What is sent.
 * @param {string} secret
 * @returns {Record<string, string>}
 */
export function signedHeaders(id, timestamp, body, secret) {
  const signature = createHmac('sha256', signingKey(secret)).update(`${id}.${timestamp}.${body}`, 'utf8').digest('base64')
  return { 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': `v1,${signature}` }
}
