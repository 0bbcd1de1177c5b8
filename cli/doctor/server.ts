import { EvidenceError } from '../../src/core/errors.ts'
import { LedgerClient } from '../../src/client/ledger-client.ts'
import { serverUrl } from '../../src/client/server-url.ts'
import { dataFolder, readOwnKey } from '../../src/ledger/data-folder.ts'
import { readHead } from '../../src/ledger/head-file.ts'
import { count } from '../../src/core/text.ts'
import { attempt, type Check, fail, ok, warn } from './check.ts'

/** A running server: is it there, is it this ledger, does it take deposits, and is its clock ours. */
export async function serverChecks(address: string, root: string | undefined): Promise<Check[]> {
  const url = serverUrl(address)
  return [
    ...(await attempt('server', async () => {
      const { status, dateMs, askedMs, answeredMs, body } = await ask(url, '/readyz')
      const ready =
        status === 200
          ? ok('server', `${url} takes deposits`)
          : fail('server', `${url} takes no deposits: ${reason(body)}`, 'Do what its answer says; its log says more.')
      return [ready, ...lookups(body), ...(dateMs === undefined ? [] : [clockAgainst(dateMs, askedMs, answeredMs)])]
    })),
    ...(root === undefined ? [] : await attempt('served ledger', () => served(url, root))),
  ]
}

/** What a ready server says of its searches; one that refuses deposits has said why. */
function lookups(body: string): Check[] {
  const name = 'server look-ups'
  const state = readLookups(body)
  if (state === 'verified') return [ok(name, 'compared with their checksum: searches are answered')]
  if (state === undefined) return []
  return [warn(name, 'are being compared with their checksum', 'Ask again: searches are answered when that has ended.')]
}

function readLookups(body: string): unknown {
  try {
    return (JSON.parse(body) as { lookups?: unknown }).lookups
  } catch {
    return undefined
  }
}

interface Asked {
  readonly status: number
  /** The server's Date, to the second. */
  readonly dateMs: number | undefined
  readonly askedMs: number
  readonly answeredMs: number
  readonly body: string
}

async function ask(url: string, path: string): Promise<Asked> {
  const askedMs = Date.now()
  try {
    const answer = await fetch(new URL(path, url), { redirect: 'error', signal: AbortSignal.timeout(10_000) })
    const date = Date.parse(answer.headers.get('date') ?? '')
    const body = (await answer.text()).slice(0, 4096)
    const dateMs = Number.isNaN(date) ? undefined : date
    return { status: answer.status, dateMs, askedMs, answeredMs: Date.now(), body }
  } catch (cause) {
    throw new EvidenceError('server-unreachable', `${url} cannot be reached`, { where: url }, { cause })
  }
}

function reason(body: string): string {
  try {
    const { code, detail } = JSON.parse(body) as { code?: string; detail?: string }
    return `${code ?? 'no code'}: ${detail ?? 'no reason'}`
  } catch {
    return 'it gives no reason'
  }
}

/** HTTP's Date has whole seconds, and was written between our question and its answer. */
export function clockAgainst(dateMs: number, askedMs: number, answeredMs: number): Check {
  const early = askedMs - (dateMs + 1000)
  const late = dateMs - answeredMs
  const off = Math.max(early, late, 0) / 1000
  const says =
    off === 0
      ? 'this clock and the server’s agree'
      : `this clock and the server’s differ by ${off.toFixed(1)} s or more`
  if (off > 60)
    return fail('server clock', says, 'Set the clocks right (NTP): tokens and statements are refused otherwise.')
  if (off > 2) return warn('server clock', says, 'Let both machines keep time by NTP.')
  return ok('server clock', says)
}

/** That the server has what the folder has answered for. */
async function served(url: string, root: string): Promise<Check[]> {
  const folder = dataFolder(root)
  const key = readOwnKey(folder)
  const { origin, size, vkey } = await new LedgerClient(url, undefined, { retries: 0 }).ledger()
  if (vkey !== key.text)
    return [
      fail(
        'served ledger',
        `${url} serves ${origin}, and the folder holds ${key.name}`,
        'Name the right --url or --data.',
      ),
    ]
  const { checkpoint } = readHead(folder.head, key)
  const says = `${origin} with ${count(size)} entries`
  return size < checkpoint.size
    ? [
        fail(
          'served ledger',
          `${says}, and the folder’s head says ${count(checkpoint.size)}`,
          'Find out which of the two is older; docs/operations/recovery.md.',
          1,
        ),
      ]
    : [ok('served ledger', says)]
}
