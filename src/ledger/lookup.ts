import type { DigestAlgorithm, Disclosure } from '../core/index.ts'
import {
  caseNumbersOf,
  changesRegistry,
  effectiveBody,
  lookupForm,
  type Reference,
  type Statement,
  type StatementBody,
} from '../evidence/index.ts'

/**
 * A look-up key: what a search names. Keys hold nothing that entries and disclosures do not, and can be made again from
 * them. A case number is kept under a keyed hash (lookup-codec.ts), and goes with the disclosure that named it.
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

/**
 * A list of indices that a look-up key leads to. Each key has several, so that whoever may read only some entries reads only
 * lists of those (docs/design/storage.md): by kind of entry for a participant, one for a kind, and by issuer for all others.
 */
export interface LookupList {
  readonly key: LookupKey
  /** Name of the list: a kind, an issuer, or empty. Entries that change the registry, which every participant may read, are in the empty one. */
  readonly list: string
}

/** What of a statement says in which lists its entry stands. */
export type ListedBy = Pick<Statement['common'], 'iss' | 'kind'>

/** The list of a key by issuer that an entry stands in. */
function issuersList({ iss, kind }: ListedBy): string {
  return changesRegistry(kind) ? '' : iss
}

/** The lists that an entry itself gives: digests of items, its issuer and whom it is about, its kind, what it refers to. */
export function lookupsOfEntry(
  { common, header }: Pick<Statement, 'common' | 'header'>,
  body: StatementBody | undefined,
): LookupList[] {
  const { iss, kind } = common
  const list = issuersList(common)
  const lists: LookupList[] = [
    { key: { by: 'kind', kind }, list: '' },
    { key: { by: 'participant', id: iss }, list: kind },
  ]
  if (body?.kind === 'evidence.deposit') {
    const seen = new Set<string>()
    for (const item of body.members.items) {
      for (const [algorithm, hex] of Object.entries(item.digest)) {
        if (seen.has(hex)) continue
        seen.add(hex)
        lists.push({ key: { by: 'digest', algorithm: algorithm as DigestAlgorithm, hex }, list })
      }
    }
  }
  const about = subjectOf(body)
  if (about !== undefined && about !== iss) lists.push({ key: { by: 'participant', id: about }, list: kind })
  for (const key of laterEventsOf(header.kid, body)) lists.push({ key, list })
  return lists
}

/** The keys by which the status of an earlier entry finds this one (docs/design/status.md). */
function laterEventsOf(kid: string, body: StatementBody | undefined): LookupKey[] {
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

/** The lists that an entry's disclosures give: case numbers. */
export function lookupsOfDisclosures(common: ListedBy, disclosures: readonly Disclosure[]): LookupList[] {
  const list = issuersList(common)
  return caseNumbersOf(disclosures).map((number) => ({ key: { by: 'case', number }, list }))
}

/** The lists that only erased disclosures gave, and those that stay do not. */
export function lookupsGone(
  common: ListedBy,
  erased: readonly Disclosure[],
  kept: readonly Disclosure[],
): LookupList[] {
  const stay = new Set(caseNumbersOf(kept))
  return lookupsOfDisclosures(common, erased).filter(
    ({ key }) => key.by === 'case' && !stay.has(lookupForm(key.number)),
  )
}
