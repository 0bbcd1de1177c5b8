import { append } from '../core/arrays.ts'
import { parseDisclosure } from '../core/disclosure.ts'
import { EvidenceError } from '../core/errors.ts'
import { type Jwk, thumbprint } from '../core/jwk.ts'
import { admittedBy, cosignersOf, endingsOf, keysBroughtBy, ownNewKeyOf, setsApprovals } from '../statements/said.ts'
import { signedBy } from '../statements/statement.ts'
import { type LogEntry, LogView } from '../log/view.ts'

/** Which entries speak of a key: only where to look; what they say is read from them. */
export interface KeyEntries {
  /** Index of the entry that brought it. */
  readonly since: number
  /** Entries that rotated it out, or revoked it or its participant. */
  readonly later: readonly number[]
  /** The entry that set the approvals in force when it was brought, where the locator knows. */
  readonly approvals?: number
}

/** Where a key came from, by thumbprint; undefined where nobody knows. */
export type KeyLocator = (kid: string) => Promise<KeyEntries | undefined>

/** A locator that reads every entry of the tree, once: for mirrors and exports, which answer no questions. */
export function scanningLocator(tree: LogView, onEntries?: (done: number, total: number) => void): KeyLocator {
  let scan: Promise<Map<string, ScannedKey>> | undefined
  return async (kid) => {
    scan ??= scanKeys(tree, onEntries)
    return (await scan).get(kid)
  }
}

interface ScannedKey extends KeyEntries {
  readonly later: number[]
}

async function scanKeys(
  tree: LogView,
  onEntries: ((done: number, total: number) => void) | undefined,
): Promise<Map<string, ScannedKey>> {
  const keys = new Map<string, ScannedKey>()
  let approvals: { readonly approvals?: number } = {}
  const owners = new Map<string, string[]>()
  for (let index = 0; index < tree.size; index++) {
    const { statement, body } = await tree.entry(index)
    onEntries?.(index + 1, tree.size)
    for (const jwk of keysBroughtBy(body)) {
      // Brought twice is a violation: the first entry counts.
      if (!keys.has(thumbprint(jwk))) keys.set(thumbprint(jwk), { since: index, later: [], ...approvals })
    }
    if (setsApprovals(body)) approvals = { approvals: index }
    for (const { id, keys: own } of admittedBy(body)) owners.set(id, own.map(thumbprint))
    for (const { of } of endingsOf(body, signedBy(statement))) {
      if (typeof of === 'string') continue
      for (const kid of 'key' in of ? [of.key] : (owners.get(of.participant) ?? [])) keys.get(kid)?.later.push(index)
    }
    const next = ownNewKeyOf(body)
    if (next !== undefined) owners.get(statement.common.iss)?.push(thumbprint(next))
  }
  return keys
}

/**
 * Receipts of the entries that brought some keys, of those that brought their signers' keys, and so on to the genesis; and of
 * those that ended one of them. By index. Throws `key-unknown`, and what the tree throws.
 */
export async function admissionReceipts(
  tree: LogView,
  locate: KeyLocator,
  kids: Iterable<string>,
): Promise<Map<number, Uint8Array>> {
  const entries = new Map<number, LogEntry>()
  const keys = new Map<string, Jwk>()
  const wanted = [...kids]
  const seen = new Set<string>()
  const take = async (index: number): Promise<void> => {
    if (entries.has(index) || index >= tree.size) return
    const entry = await tree.entry(index)
    entries.set(index, entry)
    wanted.push(entry.statement.header.kid)
    append(wanted, cosignersOf(entry.body))
  }
  for (let kid = wanted.pop(); kid !== undefined; kid = wanted.pop()) {
    if (seen.has(kid)) continue
    seen.add(kid)
    const found = await locate(kid)
    if (found === undefined || found.since >= tree.size) {
      throw new EvidenceError(
        'key-unknown',
        `the ledger ${tree.origin} does not say which entry brought the key ${kid}`,
      )
    }
    await take(found.since)
    if (found.approvals !== undefined) await take(found.approvals)
    const jwk = keysBroughtBy(entries.get(found.since)?.body).find((one) => thumbprint(one) === kid)
    if (jwk === undefined)
      throw new EvidenceError('key-unknown', `the entry ${found.since} of ${tree.origin} does not bring the key ${kid}`)
    keys.set(kid, jwk)
    for (const index of found.later) await take(index)
  }
  const receipts = new Map<number, Uint8Array>()
  for (const [index, entry] of [...entries].sort(([a], [b]) => a - b)) {
    const sealed = admittedBy(entry.body).length > 0 ? (await tree.disclosures(index)).filter(isName) : []
    const signer = keys.get(entry.statement.header.kid) as Jwk
    receipts.set(index, await tree.receipt(entry, signer, sealed))
  }
  return receipts
}

/** The name that the administrators vouch for may be sealed beside the admission. What they noted of a person goes to nobody with it. */
function isName(disclosure: string): boolean {
  return parseDisclosure(disclosure).claim === 'names'
}
