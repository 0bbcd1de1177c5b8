import { valueOr } from '../core/attempt.ts'
import { defined } from '../core/objects.ts'
import type { Policy } from '../core/policy.ts'
import { readBody } from '../statements/body.ts'
import { openEntry } from '../statements/open.ts'
import { referencesOf } from '../statements/said.ts'
import type { Statement } from '../statements/statement.ts'
import { encodeMisbehaviour, type SequencedEntry } from '../core/misbehaviour.ts'
import { checkMisbehaviour } from '../verify/check-misbehaviour.ts'
import type { Finding } from '../verify/report.ts'
import type { VerifiedCopy } from './verified-copy.ts'

/**
 * A proof, in one or two entries, of a rule that a sequenced entry breaks; undefined where so little does not prove it. What is
 * given was checked as a stranger will check it.
 */
export async function proofOfFault(
  copy: VerifiedCopy,
  policy: Policy,
  { index }: Finding,
): Promise<Uint8Array | undefined> {
  if (index === undefined || copy.note === undefined || index >= copy.size) return undefined
  const entry = await sequencedAt(copy, index)
  if (entry === undefined) return undefined
  for (const other of [undefined, ...(await othersOf(copy, entry))]) {
    const entries = other === undefined ? [entry] : [other, entry]
    const bytes = encodeMisbehaviour({ kind: 'entry', notes: [copy.note.bytes], entries })
    if (checkMisbehaviour(bytes, policy).faults.length === 0) return bytes
  }
  return undefined
}

async function sequencedAt(copy: VerifiedCopy, index: number): Promise<SequencedEntry | undefined> {
  const bundle = await copy.folder.entries(Math.floor(index / 256), (index % 256) + 1)
  const bytes = bundle[index % 256]
  if (bytes === undefined) return undefined
  const kid = statementOf(bytes)?.header.kid
  const signer = kid === undefined ? undefined : copy.walk.registry.keys.get(kid)?.jwk
  return { index, bytes, proof: copy.inclusion(index), ...defined({ signer }) }
}

/** The entries that the rule may have to do with: the one before, what is referred to, who used the id. */
async function othersOf(copy: VerifiedCopy, { index, bytes }: SequencedEntry): Promise<SequencedEntry[]> {
  const statement = statementOf(bytes)
  const indices = new Set([index - 1, ...(statement === undefined ? [] : named(copy, statement))])
  const out: SequencedEntry[] = []
  for (const other of indices) {
    const sequenced = other >= 0 && other < index ? await sequencedAt(copy, other) : undefined
    if (sequenced !== undefined) out.push(sequenced)
  }
  return out
}

function named(copy: VerifiedCopy, statement: Statement): number[] {
  const { iss, jti } = statement.common
  const used = copy.walk.history.findStatement(iss, jti)
  const indices = referencesOf(valueOr(() => readBody(statement), undefined)).map(({ index }) => index)
  return used === undefined ? indices : [used, ...indices]
}

function statementOf(bytes: Uint8Array): Statement | undefined {
  return valueOr(() => openEntry(bytes).statement, undefined)
}
