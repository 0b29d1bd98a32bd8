// What Parley is told of a document: a function of the document alone, so that every attempt sends the same bytes.
import { createHash } from 'node:crypto'

/**
 * @param {object} told
 * @param {string} told.collection
 * @param {string | null} told.locale Null where the collection is not localised.
 * @param {Record<string, unknown> | null} told.doc What readers can see of it now; null if they see nothing.
 * @param {string | number} told.id
 * @param {'article.updated' | 'article.unpublished' | 'article.deleted'} told.type
 * @param {string} told.at Time of the change, ISO 8601.
 * @returns {{ id: string, body: string }} The body, and the message's id: the same for the same body, another for another.
 */
export function message({ collection, locale, doc, id, type, at }) {
  const shown = doc ?? { id, updatedAt: at }
  const body = JSON.stringify({ type, timestamp: at, data: { collection, ...(locale ? { locale } : {}), doc: shown } })
  return { id: `msg_${createHash('sha256').update(body, 'utf8').digest('hex').slice(0, 32)}`, body }
}
