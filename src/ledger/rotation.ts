import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { toHex } from '../core/base64.ts'
import { signCheckpointBy } from '../core/checkpoint.ts'
import { EvidenceError, isEvidenceError } from '../core/errors.ts'
import { parseVerifierKey, type VerifierKey, verifierKey } from '../core/note.ts'
import { defined } from '../core/objects.ts'
import { encodeLogPolicy } from '../core/policy.ts'
import { readBody } from '../statements/body.ts'
import type { MembersOf } from '../statements/kinds.ts'
import { currentLedgerKeys } from '../statements/registry.ts'
import { ledgerKeyChangeOf } from '../statements/said.ts'
import { readStatement } from '../statements/statement.ts'
import type { LedgerSigningKey } from '../node/key-file.ts'
import { fileBounds, readBounded } from '../node/bounded-file.ts'
import { dataFolder, type DataFolder, readConfig, readOwnKey, readPolicyBytes } from './data-folder.ts'
import { syncFolder, writeDurably } from '../node/durable-file.ts'
import { readHead } from './head-file.ts'
import { type HeldFolder, whileHeld } from './held-folder.ts'
import { Ledger } from './ledger.ts'
import { clearRotation, readRotation, type RotationMarker, writeRotation } from './rotation-marker.ts'
import {
  dropStagedSecondKey,
  policyWithSecondKey,
  type SecondKeyPassphrases,
  stageSecondKey,
  switchSecondKey,
} from './rotation-second-key.ts'
import { openSubmission } from './submission.ts'

/*
 * Rotation of the ledger's key, on a stopped ledger (docs/design/ledger-keys.md). Each step is durable before the next, and
 * each can be done again: `marked`, `sealed`, `receipt`, `policy`, `key`, `done`.
 */
export type RotationStep = 'marked' | 'sealed' | 'receipt' | 'policy' | 'key' | 'done'

type RotationMembers = MembersOf<'ledger.rotate-key'>

/** What an administrator is to sign: a `ledger.rotate-key` with the new key's own checkpoint. */
export type RotationRequest = { readonly aud: string; readonly kind: 'ledger.rotate-key' } & RotationMembers

/**
 * Writes down a rotation to be signed, with the new key's signature over the checkpoint that the ledger answered for last.
 * The ledger may be running. Throws the codes of readOwnKey and readHead.
 */
export async function requestRotation(
  root: string,
  next: LedgerSigningKey,
  reason: RotationMembers['reason'],
): Promise<RotationRequest> {
  const folder = dataFolder(root)
  readConfig(folder)
  const old = readOwnKey(folder)
  const key = verifierKey(old.name, next.publicKey)
  const { checkpoint } = readHead(folder.head, old)
  const possession = await signCheckpointBy(checkpoint, [{ key, sign: next.sign }])
  return { aud: old.name, kind: 'ledger.rotate-key', oldKey: old.text, newKey: key.text, reason, possession }
}

export interface RotationOptions extends SecondKeyPassphrases {
  readonly root: string
  /** What an administrator signed, or a change that several approved; left out to go on with one that was cut off. */
  readonly statement?: string
  readonly next: LedgerSigningKey
  /** The key in use; left out where it is lost. */
  readonly old?: LedgerSigningKey
  /** The file that holds `next`, which then takes the place of the ledger's; none where it lies in hardware. */
  readonly keyFile?: string
  readonly onStep?: (step: RotationStep) => void
}

export interface RotationResult {
  readonly index: number
  readonly oldKey: string
  readonly newKey: string
  /** Receipt of the rotation, signed by both keys: what a holder of the old policy checks the new key by. */
  readonly receipt: string
}

/**
 * Sequences the rotation and hands the folder over to the new key. What the rulebook refuses leaves the folder as it was. Throws
 * the codes of holdFolder, of Ledger.open and of the rulebook, `ledger-key-invalid` where the keys are not those of the statement,
 * `rotation-unfinished` where another one was cut off, the codes of readMlDsaKeyFile where the second key does not open.
 */
export function rotateLedgerKey(options: RotationOptions): Promise<RotationResult> {
  return whileHeld(options.root, 'rotate', (held) => rotateHeld(held, options))
}

async function rotateHeld(held: HeldFolder, options: RotationOptions): Promise<RotationResult> {
  const { onStep } = options
  const { folder } = held
  const begun = begin(held, options)
  const { marker, reason } = begun
  onStep?.('marked')
  const from = parseVerifierKey(marker.from)
  const receipt = join(folder.rotations, `${toHex(parseVerifierKey(marker.to).id)}.tlog-proof`)
  const index = await sequence(held, begun, from, receipt, options)
  const policy = policyWithSecondKey(readPolicyBytes(folder.policy).toString('latin1'), from, marker.second)
  writeDurably(folder.policy, Buffer.from(policyAfter(policy, marker), 'latin1'))
  onStep?.('policy')
  switchKeyFile(folder, from, options.keyFile)
  switchSecondKey(folder, from, reason)
  onStep?.('key')
  clearRotation(folder)
  onStep?.('done')
  return { index, oldKey: marker.from, newKey: marker.to, receipt }
}

interface Begun {
  readonly marker: RotationMarker
  readonly reason: string
  /** Written by this run: an earlier one may have sequenced already. */
  readonly isNew: boolean
}

/** The marker of this rotation: written now, or found. */
function begin({ folder, key: own }: HeldFolder, options: RotationOptions): Begun {
  const { statement, next, old } = options
  const found = readRotation(folder)
  if (found !== undefined && statement !== undefined && found.statement !== statement)
    throw new EvidenceError('rotation-unfinished', `another rotation was cut off in ${folder.root}`, {
      where: folder.rotation,
    })
  const text = found?.statement ?? statement
  if (text === undefined) throw new EvidenceError('usage', `no rotation was cut off in ${folder.root}`)
  const body = readBody(readStatement(openSubmission(text).envelope))
  const change = ledgerKeyChangeOf(body)
  if (change === undefined) throw new EvidenceError('usage', 'the statement is no rotation of a ledger’s key')
  const { oldKey, newKey, reason } = change
  const { name } = own
  requireKey(newKey, verifierKey(name, next.publicKey), 'new')
  if (old !== undefined && found === undefined) requireKey(oldKey, verifierKey(name, old.publicKey), 'old')
  if (old === undefined && found === undefined && reason !== 'lost')
    throw new EvidenceError('usage', 'the key in use signs its last checkpoint, unless the reason is "lost"')
  if (found !== undefined) return { marker: found, reason, isNew: false }
  const second = stageSecondKey(folder, own, reason, options)
  const marker = { from: oldKey, to: newKey, statement: text, ...defined({ second }) }
  writeRotation(folder, marker)
  return { marker, reason, isNew: true }
}

/** Nothing was sequenced, and nothing will be: the folder is the old key's, as before. */
function callOff(folder: DataFolder): void {
  clearRotation(folder)
  dropStagedSecondKey(folder)
}

function requireKey(said: string, { text }: VerifierKey, which: string): void {
  if (said === text) return
  const facts = { expected: said, found: text }
  throw new EvidenceError(
    'ledger-key-invalid',
    `the ${which} key at hand is not the one that the statement names`,
    facts,
  )
}

/** The entry, durable under both keys, and its receipt. */
async function sequence(
  held: HeldFolder,
  { marker, isNew }: Begun,
  from: VerifierKey,
  receiptPath: string,
  { next, old, onStep }: RotationOptions,
): Promise<number> {
  const { folder } = held
  const isOld = old !== undefined && verifierKey(from.name, old.publicKey).text === marker.from
  const outgoing = isOld ? { outgoing: { key: from, sign: old.sign } } : {}
  let ledger: Ledger
  try {
    // Held by the rotation until it ends, and not by the ledger alone.
    ledger = await Ledger.open(folder.root, next, {
      handover: { from, ...outgoing },
      held: { ...held, release: () => {} },
    })
  } catch (error) {
    if (isNew) callOff(folder)
    throw error
  }
  try {
    const { index } = await ledger.deposit(marker.statement).catch((error: unknown) => {
      const isOurs = currentLedgerKeys(ledger.registry).includes(marker.from)
      if (isEvidenceError(error) && error.kind.exit === 1 && isOurs) callOff(folder)
      throw error
    })
    onStep?.('sealed')
    if (!existsSync(receiptPath)) {
      const receipt = await ledger.reads.receipt(await ledger.reads.entry(index), [])
      writeDurably(receiptPath, receipt)
    }
    onStep?.('receipt')
    return index
  } finally {
    await ledger.close()
  }
}

/** The policy with the new key's line in the place of the old one's: both together would go on trusting the old. */
function policyAfter(policy: string, { from, to }: RotationMarker): string {
  if (policy.includes(to)) return policy
  return policy.includes(from) ? policy.replace(from, () => to) : encodeLogPolicy(parseVerifierKey(to))
}

function switchKeyFile({ ledgerKey, keys }: DataFolder, from: VerifierKey, keyFile: string | undefined): void {
  const next = keyFile === undefined ? undefined : readBounded(keyFile, fileBounds.small)
  const present = existsSync(ledgerKey) ? readBounded(ledgerKey, fileBounds.small) : undefined
  if (present !== undefined && (next === undefined || !present.equals(next))) {
    // Kept until the operator destroys it: nothing here needs it any more.
    writeDurably(join(keys, `retired-${toHex(from.id)}.pem`), present)
  }
  if (next !== undefined) writeDurably(ledgerKey, next)
  syncFolder(keys)
}
