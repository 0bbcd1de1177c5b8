import { latin1 } from '../../core/bytes.ts'
import { isFileProof, maxFileProofBytes } from '../../core/file-proof.ts'
import { maxTransitionBytes } from '../../core/key-transition.ts'
import { isMisbehaviour, maxMisbehaviourBytes } from '../../core/misbehaviour.ts'
import { maxPolicyBytes } from '../../core/policy.ts'
import { maxProofBytes } from '../../core/tlog-proof.ts'
import { maxManifestBytes, maxTimeProofBytes } from '../../package/limits.ts'

/** One file that was handed over on a page, wherever it came from. */
export interface Dropped {
  /** Its name, with the folders above it as far as they were handed over, joined by `/`. */
  readonly path: string
  /** In bytes, as the browser states it. */
  readonly size: number
  /** Reads bytes from an offset. Throws `file-unreadable`, `file-changed`. */
  readonly readAt: (at: number, length: number) => Promise<Uint8Array>
}

/** What a file is, by its first bytes and its name. What is none of ours is `file`: it may be evidence, whatever it is. */
export type DroppedKind =
  | 'receipt'
  | 'file-proof'
  | 'manifest'
  | 'policy'
  | 'time-proof'
  | 'transition'
  | 'misbehaviour'
  | 'anchors'
  | 'zip'
  | 'certificate'
  | 'file'

const headBytes = 256

/** Beginnings of our texts; a version that is not known yet begins so too. */
const beginnings: readonly (readonly [string, DroppedKind])[] = [
  ['c2sp.org/tlog-proof@', 'receipt'],
  ['evidence-ledger/key-transition/', 'transition'],
  ['evidence-ledger/time-proof/', 'time-proof'],
  ['PK\u0003\u0004', 'zip'],
  ['%PDF-1.7\n%\u00ff\u00ff\u00ff\u00ff\n%evidence-ledger/certificate/', 'certificate'],
  ['<!doctype html>\n<!--evidence-ledger/certificate/', 'certificate'],
  ['-----BEGIN CERTIFICATE-----', 'anchors'],
]

/** Endings of names: what was changed on the way begins otherwise, and is still to be read as what it is called. */
const endings: readonly (readonly [RegExp, DroppedKind])[] = [
  [/\.tlog-proof$/, 'receipt'],
  [/\.file-proof$/, 'file-proof'],
  [/\.evidence-manifest$/, 'manifest'],
  [/\.policy$/, 'policy'],
  [/\.time-proof$/, 'time-proof'],
  [/\.key-transition$/, 'transition'],
  [/\.misbehaviour$/, 'misbehaviour'],
]

/** Most bytes that are read of each kind, as the command line bounds them; of `file`, `zip` and `certificate` nothing is read whole. */
export const mostBytesOf: Readonly<Record<Exclude<DroppedKind, 'file' | 'zip' | 'certificate'>, number>> = {
  receipt: maxProofBytes,
  'file-proof': maxFileProofBytes,
  manifest: maxManifestBytes,
  policy: maxPolicyBytes,
  'time-proof': maxTimeProofBytes,
  transition: maxTransitionBytes,
  misbehaviour: maxMisbehaviourBytes,
  anchors: 1024 * 1024,
}

/** Tells what a file is. Throws what reading it throws. */
export async function kindOf(dropped: Dropped): Promise<DroppedKind> {
  const named = endings.find(([ending]) => ending.test(dropped.path))?.[1]
  if (named !== undefined) return named
  const head = await dropped.readAt(0, Math.min(headBytes, dropped.size))
  if (isFileProof(head)) return 'file-proof'
  if (isMisbehaviour(head)) return 'misbehaviour'
  const text = latin1(head)
  return (
    beginnings.find(([start]) => text.startsWith(start))?.[1] ??
    (/^(?:#[^\n]*\n)*log \S+\+[0-9a-f]{8}\+/.test(text) ? 'policy' : 'file')
  )
}
