import { parseVerifierKey, type SignedCheckpoint, tileWidth, verifyNote } from '../core/index.ts'
import {
  effectiveBody,
  readBody,
  type Registry,
  type RotateLedgerKeyBody,
  signsAt,
  type Statement,
} from '../evidence/index.ts'
import { attempt, openEntry } from './appraise.ts'
import { readEach } from './chunks.ts'
import type { FindingList } from './report.ts'
import type { LogSource } from './source.ts'

/* What a rotation of the ledger's key asks of a walk (docs/spec/14-ledger-keys.md, "The walk"). */

/** The rotation that a statement asks for, by itself or as an approved change; of one that can be read. */
export function rotationOf(statement: Statement): RotateLedgerKeyBody | undefined {
  const { kind } = statement.common
  if (kind !== 'ledger.rotate-key' && kind !== 'ledger.change') return undefined
  const body = attempt(() => readBody(statement))
  if (body === undefined || body instanceof Error) return undefined
  const said = effectiveBody(body)
  return said.kind === 'ledger.rotate-key' ? said.members : undefined
}

/**
 * The vkeys that the genesis must name: all that verified the checkpoint, but those that some entry names as the new key of
 * a rotation. Whether that entry is a valid one is judged in its place. Only a ledger whose genesis lacks one is read for it.
 */
export async function genesisKeys(source: LogSource, size: number, verified: readonly string[]): Promise<string[]> {
  const named = await keysOfGenesis(source, size)
  let missing = named === undefined ? [] : verified.filter((vkey) => !named.includes(vkey))
  if (missing.length === 0) return [...verified]
  const brought = new Set<string>()
  for (let begin = 0; begin < size && missing.length > 0; begin += tileWidth) {
    const entries = await readEach(source, begin, Math.min(size, begin + tileWidth))
    if (entries.every((bytes) => bytes === undefined)) break
    for (const bytes of entries) {
      const statement = bytes === undefined ? undefined : openEntry(bytes).statement
      if (statement === undefined || statement instanceof Error) continue
      const rotation = rotationOf(statement)
      if (rotation !== undefined) brought.add(rotation.newKey)
    }
    missing = missing.filter((vkey) => !brought.has(vkey))
  }
  return verified.filter((vkey) => !brought.has(vkey))
}

async function keysOfGenesis(source: LogSource, size: number): Promise<readonly unknown[] | undefined> {
  if (size === 0) return undefined
  const [bytes] = await source.entries(0, Math.min(size, tileWidth))
  const statement = bytes === undefined ? undefined : openEntry(bytes).statement
  if (statement === undefined || statement instanceof Error) return undefined
  const { ledgerKeys } = statement.payload
  return Array.isArray(ledgerKeys) ? ledgerKeys : undefined
}

/** Whether a ledger key that signs at the checkpoint's size signed it. */
export function isSignedByLedger(registry: Registry, { checkpoint, note }: SignedCheckpoint): boolean {
  const keys = registry.ledgerKeys.filter((vkey) => signsAt(registry, vkey, checkpoint.size))
  const verified = attempt(() =>
    verifyNote(
      note,
      keys.map((vkey) => parseVerifierKey(vkey)),
    ),
  )
  return Array.isArray(verified) && verified.length > 0
}

/** Whoever signed the checkpoint must be a key that signs at its size: a retired one signs no more. */
export function judgeLedgerKeys(
  registry: Registry,
  verified: readonly string[],
  size: number,
  faults: FindingList,
  unjudged: FindingList,
): void {
  // Of a genesis that breaks a rule no key is known, and its own fault says so.
  if (registry.ledgerKeys.length === 0) return
  for (const vkey of verified) {
    if (signsAt(registry, vkey, size)) continue
    const message = `The checkpoint of size ${size} is signed by a key that does not sign for this ledger at that size.`
    if (registry.uncertainSince === undefined) faults.add({ code: 'ledger-key-retired', message, found: vkey })
    else unjudged.add({ code: 'not-judged', message })
  }
}
