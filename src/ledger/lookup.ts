import { type DigestAlgorithm, digestLengths, fromHex, sha256, utf8 } from '../core/index.ts'
import {
  caseNumbersOf,
  effectiveBody,
  lookupForm,
  type Reference,
  type Statement,
  type StatementBody,
} from '../evidence/index.ts'
import type { Disclosure } from '../core/index.ts'

/**
 * A look-up key: what a search names. Keys hold nothing that entries and disclosures do not, and can be made again from
 * them. A case number is kept as a hash, and goes with the disclosure that named it.
 */
export type LookupKey =
  | { readonly by: 'digest'; readonly algorithm: DigestAlgorithm; readonly hex: string }
  | { readonly by: 'case'; readonly number: string }
  | { readonly by: 'participant'; readonly id: string }
  | { readonly by: 'kind'; readonly kind: string }
  /** What refers to an entry of this ledger. */
  | { readonly by: 'target'; readonly index: number }
  /** What rotates a key out, or revokes it. */
  | { readonly by: 'key'; readonly thumbprint: string }
  /** What revokes a participant. */
  | { readonly by: 'revoked'; readonly participant: string }

const algorithms = Object.keys(digestLengths) as DigestAlgorithm[]

/** Bytes of a look-up key: a letter, then the value; text is ended by a zero, so that no key begins another. */
export function encodeLookup(key: LookupKey): Uint8Array {
  switch (key.by) {
    case 'digest': {
      const digest = fromHex(key.hex)
      const out = new Uint8Array(2 + digest.length)
      out[0] = 0x64
      out[1] = algorithms.indexOf(key.algorithm)
      out.set(digest, 2)
      return out
    }
    case 'case': {
      const out = new Uint8Array(33)
      out[0] = 0x63
      out.set(sha256(utf8(lookupForm(key.number))), 1)
      return out
    }
    case 'participant':
      return utf8(`p${key.id}\0`)
    case 'kind':
      return utf8(`k${key.kind}\0`)
    case 'target': {
      const out = new Uint8Array(9)
      out[0] = 0x72
      new DataView(out.buffer).setBigUint64(1, BigInt(key.index))
      return out
    }
    case 'key':
      return utf8(`y${key.thumbprint}\0`)
    case 'revoked':
      return utf8(`u${key.participant}\0`)
  }
}

/** The keys that an entry itself gives: digests of items, its issuer and whom it is about, its kind, what it refers to. */
export function lookupsOfEntry(
  { common, header }: Pick<Statement, 'common' | 'header'>,
  body: StatementBody | undefined,
): LookupKey[] {
  const keys: LookupKey[] = [
    { by: 'kind', kind: common.kind },
    { by: 'participant', id: common.iss },
  ]
  if (body?.kind === 'evidence.deposit') {
    const seen = new Set<string>()
    for (const item of body.members.items) {
      for (const [algorithm, hex] of Object.entries(item.digest)) {
        if (seen.has(hex)) continue
        seen.add(hex)
        keys.push({ by: 'digest', algorithm: algorithm as DigestAlgorithm, hex })
      }
    }
  }
  const about = subjectOf(body)
  if (about !== undefined && about !== common.iss) keys.push({ by: 'participant', id: about })
  keys.push(...laterEventsOf(header.kid, body))
  return keys
}

/** The keys by which the status of an earlier entry finds this one (docs/design/status.md). */
export function laterEventsOf(kid: string, body: StatementBody | undefined): LookupKey[] {
  const said = body === undefined ? undefined : effectiveBody(body)
  switch (said?.kind) {
    case 'evidence.attest':
    case 'evidence.retract':
      return [targetKey(said.members.of)]
    case 'evidence.deposit': {
      const targets = (said.members.relates ?? []).filter(({ origin }) => origin === undefined)
      return [...new Map(targets.map((relation) => [relation.index, targetKey(relation)])).values()]
    }
    case 'participant.rotate-key':
      return [{ by: 'key', thumbprint: kid }]
    case 'participant.revoke': {
      const { key, participant } = said.members
      return key === undefined
        ? [{ by: 'revoked', participant: participant as string }]
        : [{ by: 'key', thumbprint: key }]
    }
    case 'ledger.genesis':
    case 'ledger.rotate-key':
    case 'ledger.close':
    case 'ledger.set-approvals':
    case 'ledger.set-format':
    case 'ledger.change':
    case 'participant.admit':
    case undefined:
      return []
  }
}

function targetKey({ index }: Pick<Reference, 'index'>): LookupKey {
  return { by: 'target', index }
}

function subjectOf(body: StatementBody | undefined): string | undefined {
  const said = body === undefined ? undefined : effectiveBody(body)
  if (said?.kind === 'participant.admit') return said.members.participant.id
  return said?.kind === 'participant.revoke' ? said.members.participant : undefined
}

/** The keys that disclosures give: case numbers. */
export function lookupsOfDisclosures(disclosures: readonly Disclosure[]): LookupKey[] {
  return caseNumbersOf(disclosures).map((number) => ({ by: 'case', number }))
}

/** The keys that only erased disclosures gave, and those that stay do not. */
export function lookupsGone(erased: readonly Disclosure[], kept: readonly Disclosure[]): LookupKey[] {
  const stay = new Set(caseNumbersOf(kept))
  return lookupsOfDisclosures(erased).filter((key) => key.by === 'case' && !stay.has(lookupForm(key.number)))
}
