// Tells Parley of every document that is published, changed, withdrawn or deleted. For Payload 3. See README.md.
import type { CollectionAfterChangeHook, CollectionAfterDeleteHook, PayloadRequest, TaskConfig } from 'payload'
import { message } from './message.mjs'
import { signedHeaders } from './signature.mjs'

type Told = { collection: string; id: string | number; locale: string | null; at: string; gone: boolean }

const TASK = 'tellParley'

/** Sends one message. Payload's job queue calls it again, later each time, when it throws. */
export const tellParley: TaskConfig<{ input: { told: Told }; output: object }> = {
  slug: TASK,
  inputSchema: [{ name: 'told', type: 'json', required: true }],
  retries: { attempts: 9, backoff: { type: 'exponential', delay: 30_000 } }, // After 30 s, 1, 2, 4 ... 128 minutes.
  handler: async ({ input, req }) => {
    const told = input.told
    // Read anew, as readers see it: a draft that was saved over a published document changes nothing for them.
    const found = told.gone ? null : await publicDocument(told, req)
    const isPublic = found !== null && found._status !== 'draft'
    if (isPublic && !isWritten(found)) return { output: {} } // Not translated into this language.
    const type = told.gone ? 'article.deleted' : isPublic ? 'article.updated' : 'article.unpublished'
    const at = String(found?.updatedAt ?? told.at)
    await send(message({ ...told, at, type, doc: isPublic ? found : null }))
    return { output: {} }
  },
}

/** For `hooks.afterChange` of a collection. */
export const afterChange: CollectionAfterChangeHook = async ({ collection, context, doc, req }) => {
  const isDraftSave = String(req.query?.draft) === 'true' // Also every autosave: nothing that readers see.
  if (!context.skipParley && !isDraftSave) await queue(req, collection.slug, doc.id, String(doc.updatedAt), false)
  return doc
}

/** For `hooks.afterDelete` of a collection. */
export const afterDelete: CollectionAfterDeleteHook = async ({ collection, doc, id, req }) => {
  await queue(req, collection.slug, id, new Date().toISOString(), true)
  return doc
}

/** Whether a document has a text in the language it was read in. Name your own fields here. */
function isWritten(doc: Record<string, unknown>): boolean {
  return Boolean(doc.title)
}

async function queue(req: PayloadRequest, collection: string, id: string | number, at: string, gone: boolean): Promise<void> {
  const localization = req.payload.config.localization
  const locales = localization && !gone ? localization.localeCodes : [null]
  for (const locale of locales) {
    // With `req`, the job is written in the document's own transaction: either both exist or neither does.
    await req.payload.jobs.queue({ task: TASK as never, input: { told: { collection, id, locale, at, gone } } as never, req })
  }
}

async function publicDocument(told: Told, req: PayloadRequest): Promise<Record<string, unknown> | null> {
  const found = await req.payload.findByID({
    collection: told.collection as never,
    id: told.id,
    depth: 0,
    draft: false,
    disableErrors: true,
    locale: (told.locale ?? undefined) as never,
    fallbackLocale: false,
  })
  return found as Record<string, unknown> | null
}

async function send({ id, body }: { id: string; body: string }): Promise<void> {
  const { PARLEY_HOOK_URL: url, PARLEY_SECRET: secret } = process.env
  if (!url || !secret) throw new Error('PARLEY_HOOK_URL and PARLEY_SECRET must be set')
  const headers = signedHeaders(id, Math.floor(Date.now() / 1000), body, secret)
  const answer = await fetch(url, {
    method: 'POST',
    headers: { ...headers, 'Content-Type': 'application/json' },
    body,
    redirect: 'error',
    signal: AbortSignal.timeout(15_000),
  })
  if (!answer.ok) throw new Error(`Parley answered ${answer.status}`)
}
