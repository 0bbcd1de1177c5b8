import { EvidenceError, isEvidenceError, parseSignedCheckpoint, type Policy } from '../src/core/index.ts'
import { LedgerClient } from '../src/client/index.ts'
import { type CheckedEvent, type CheckedReceipt, checkStatus, type Finding, statusLimits } from '../src/verify/index.ts'

/** What the ledger answered about an entry, all pages together. */
export interface OnlineStatus {
  readonly url: string
  /** Undefined where no answer could be trusted. */
  readonly size: number | undefined
  readonly events: readonly CheckedEvent[]
  readonly flagged: boolean
  readonly faults: readonly Finding[]
  readonly unjudged: readonly Finding[]
}

/** Pages that are asked for at most, of 100 events each. */
const maxPages = 50

/** Asks the ledger at `url`, or at the URL of the policy's log line, what happened later. Throws `usage`, `server-unreachable`. */
export async function askStatus(
  checked: CheckedReceipt,
  policy: Policy,
  url: string | undefined,
): Promise<OnlineStatus> {
  const { proof, entryBytes } = checked.receipt
  const { origin, size: from } = proof.checkpoint
  const base = url ?? policy.logs.find(({ key, url: own }) => key.name === origin && own !== undefined)?.url
  if (base === undefined) {
    throw new EvidenceError('usage', `the policy has no URL for ${origin}; name the ledger’s by --url`)
  }
  const client = new LedgerClient(base)
  const status = { url: client.url, size: undefined as number | undefined, flagged: false }
  const events: CheckedEvent[] = []
  for (let after: number | undefined, page = 0; page < maxPages; page++) {
    let answer: unknown
    try {
      answer = await client.status(proof.index, entryBytes, { from, after })
    } catch (error) {
      if (!isEvidenceError(error, 'entry-not-found')) throw error
      return { ...status, events, faults: [await denial(client, from)], unjudged: [] }
    }
    const found = checkStatus(answer, checked, policy, after)
    if (found.size === undefined) return { ...status, events, faults: found.faults, unjudged: found.unjudged }
    events.push(...found.events)
    status.size ??= found.size
    status.flagged ||= found.flagged
    if (found.next === undefined) return { ...status, events, faults: [], unjudged: [] }
    after = found.next
  }
  throw new EvidenceError('server-answer', `more than ${maxPages * 100} later events: ask for them page by page`)
}

/** The receipt proves that the ledger signed the entry: that it has none is a fault, whatever it shows instead. */
async function denial(client: LedgerClient, from: number): Promise<Finding> {
  const { checkpoint } = parseSignedCheckpoint((await client.fetchBytes('/checkpoint')) ?? new Uint8Array())
  const isBehind = checkpoint.size < from
  return {
    code: isBehind ? 'status-behind' : 'consistency-invalid',
    message: 'The ledger says that it has no such entry; its signature in the receipt says that it had.',
    expected: `a history with the receipt’s ${from} entries`,
    found: `a checkpoint of size ${checkpoint.size}`,
  }
}

/** The same for people. */
export function statusLines({ url, size, events, flagged }: OnlineStatus): string[] {
  if (size === undefined) return []
  const lines = events.map(({ index, time, what, code, compromisedSince, proven }) => {
    const detail = [code, compromisedSince === undefined ? undefined : `compromised since ${compromisedSince}`]
    const said = [what, ...detail.filter((one) => one !== undefined)].join(', ')
    return `later: ${said}: entry ${index} at ${time}${proven ? '' : ' (that entry is there; what it says is the ledger’s word)'}`
  })
  return [
    `asked ${url}: ${events.length === 0 ? 'nothing later' : `${events.length} later`} as of size ${size}, which goes on from the receipt’s checkpoint`,
    ...lines,
    ...(flagged ? ['FLAGGED: the key is said to have been compromised at the time of this entry'] : []),
    statusLimits,
  ]
}
