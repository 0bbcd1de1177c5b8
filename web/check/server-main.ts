import type { OnlineStatus } from '../../src/check/steps/later.ts'
import { LedgerClient } from '../../src/client/ledger-client.ts'
import { attempt, settled } from '../../src/core/attempt.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import type { CheckedReceipt } from '../../src/verify/check-receipt.ts'
import { findingOf } from '../../src/verify/report.ts'
import { frame } from '../ui/chrome.ts'
import type { Words } from '../../src/words/index.ts'
import { el, fill } from '../ui/dom.ts'
import { navigation } from '../ui/nav.ts'
import { hashText, sizeText } from '../ui/text.ts'
import { workers } from '../ui/worker.ts'
import { CheckApp, Handed } from './app.ts'
import { type DroppedFile, droppedFile } from './hashing.ts'
import { type PolicyChoice, policyChoice } from './policies.ts'
import type { Asks } from './run.ts'

const client = new LedgerClient(location.origin, undefined, { retries: 1, timeoutMs: 20_000 })
const { href: url } = new URL('hash-worker.js', import.meta.url)
const hashScript = { url, makeWorker: workers(url) }

/** The policy that the ledger of this page gives of itself; none where it cannot be asked. */
async function ledgerPolicies(): Promise<readonly PolicyChoice[]> {
  const answer = await settled(client.ledger())
  if (answer instanceof EvidenceError) return []
  // One that this page cannot read is none: then a policy is asked for.
  const choice = attempt(() => policyChoice('server', utf8(answer.policy)))
  return choice instanceof EvidenceError ? [] : [choice]
}

/** Receipts that the ledger has for a digest and shows to whoever asks; most deposits of one file are few. Throws the client's codes. */
const mostReceipts = 20

async function findReceipts(file: DroppedFile, sha256: string): Promise<readonly DroppedFile[]> {
  const page = await client.find({ digest: `sha256:${sha256}`, limit: String(mostReceipts) })
  const found: DroppedFile[] = []
  for (const { index } of page.entries) {
    const receipt = await settled(client.receipt(index), 'not-permitted', 'not-authenticated')
    // Anybody may deposit the same bytes, and close that deposit to others: it keeps nobody from the rest.
    if (receipt instanceof EvidenceError) continue
    found.push(
      droppedFile(`${file.path}${found.length === 0 ? '' : `.entry-${index}`}.tlog-proof`, new Blob([receipt])),
    )
  }
  return found
}

/**
 * Asks this page's ledger. Of another ledger's receipt it is told nothing, and says nothing: that stands beside the verdict, and never instead
 * of it.
 */
const later: Asks['later'] = async (result, policy) => {
  const checked = result.checked as CheckedReceipt
  const own = await settled(client.ledger())
  if (own instanceof EvidenceError || own.origin === checked.receipt.proof.checkpoint.origin) {
    // Loaded when it is wanted: a first check is shown sooner. A server that does not give it cannot be asked either.
    const asking = await import('../../src/check/steps/ask-later.ts').catch(() => undefined)
    if (asking !== undefined) return asking.askStatus(client, checked, policy)
    return notAsked(new EvidenceError('server-unreachable', `${client.url} could not be asked`, { where: client.url }))
  }
  const message = `${client.url} is another ledger than the receipt’s, and was not asked for later events`
  return notAsked(new EvidenceError('server-other-ledger', message, { where: client.url }))
}

function notAsked(why: EvidenceError): OnlineStatus {
  return {
    url: client.url,
    size: undefined,
    flagged: false,
    events: [],
    shown: new Map(),
    faults: [findingOf(why)],
    unjudged: [],
  }
}

/** The checkers as one file, with the digests that the build noted: to be kept, and compared with digests from elsewhere. */
function downloads({ page }: Words): HTMLElement {
  const list = el('ul')
  const load = async (): Promise<void> => {
    const answer = await fetch('/assets/one-files.json')
    if (!answer.ok) throw new Error(answer.statusText)
    const files = (await answer.json()) as readonly {
      readonly name: string
      readonly bytes: number
      readonly sha256: string
    }[]
    fill(
      list,
      ...files.map(({ name, bytes, sha256 }) =>
        el(
          'li',
          {},
          el('a', { href: `/${name}`, download: name }, name),
          ` ${sizeText(bytes)} `,
          el('br'),
          'SHA-256 ',
          hashText(sha256),
        ),
      ),
    )
  }
  const opened = (): void => void load().catch(() => fill(list, el('li', { role: 'alert' }, page.downloadsAway)))
  return el(
    'details',
    { class: 'downloads', on: { toggle: opened } },
    el('summary', {}, page.oneFile),
    el('p', {}, page.oneFileHint),
    list,
  )
}

const handed = new Handed()
frame((words) => {
  const { element } = new CheckApp(handed, {
    words,
    hashScript,
    policies: ledgerPolicies,
    extras: async () => (await import('./extras.ts')).extras,
    later,
    findReceipts,
    makeCertificate: async (result) => (await import('./make-certificate.ts')).makeCertificate(result),
  })
  return el('div', {}, element, downloads(words))
}, navigation('check'))
