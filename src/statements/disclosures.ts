import { type Disclosure, parseDisclosure } from '../core/disclosure.ts'
import { EvidenceError } from '../core/errors.ts'
import { effectiveBody } from './body.ts'
import type { StatementBody } from './kinds.ts'
import { sealedDigestsOf } from './said.ts'
import { schemaError } from './schema-errors.ts'
import { type CaseClaim, sealedShapes } from './sealed.ts'
import type { SealedClaim } from './vocabulary.ts'

/**
 * Judges the disclosures sent with a new statement: every digest has exactly one, no claim comes twice (else one could
 * show each party another name), the kind may seal it, and the value has its shape. The re-walk does not ask this.
 * Throws `disclosure-foreign`, `disclosure-repeated`, `disclosure-missing`, `disclosure-claim`, `disclosure-malformed`.
 */
export function requireDisclosures(body: StatementBody, texts: readonly string[]): Disclosure[] {
  const disclosures = requireSealed(body, texts)
  const seen = new Set(disclosures.map(({ digest }) => digest))
  const missing = sealedDigestsOf(body).find((digest) => !seen.has(digest))
  if (missing !== undefined) {
    throw new EvidenceError('disclosure-missing', `the digest ${missing} in _sd has no disclosure`)
  }
  for (const disclosure of disclosures) requireShape(body, disclosure)
  const { mustSeal = [] } = effectiveBody(body).rule
  const unsealed = mustSeal.find((name) => !disclosures.some(({ claim }) => claim === name))
  if (unsealed === undefined) return disclosures
  const message = `the kind ${body.kind} must seal the claim "${unsealed}"`
  throw new EvidenceError('disclosure-missing', message, { where: unsealed })
}

/**
 * Judges disclosures that may be some of those that a statement seals, as with one that is sent again: each belongs to a digest
 * of its own, and no claim comes twice. Throws `disclosure-foreign`, `disclosure-repeated`, `disclosure-claim`,
 * `disclosure-malformed`.
 */
export function requireSealed(body: StatementBody, texts: readonly string[]): Disclosure[] {
  const digests = sealedDigestsOf(body)
  const disclosures = texts.map(parseDisclosure)
  const { seals } = effectiveBody(body).rule
  const misfit = misfitOf(digests, disclosures)
  for (const disclosure of disclosures) {
    const { digest, claim } = disclosure
    if (misfit?.disclosure === disclosure) {
      if (misfit.why === 'foreign')
        throw new EvidenceError('disclosure-foreign', `the disclosure with the digest ${digest} matches none in _sd`)
      throw new EvidenceError('disclosure-repeated', `the claim "${claim.slice(0, 40)}" is disclosed twice`, {
        where: claim.slice(0, 40),
      })
    }
    if (!Object.hasOwn(seals, claim)) {
      throw new EvidenceError(
        'disclosure-claim',
        `the kind ${body.kind} may not seal the claim "${claim.slice(0, 40)}"`,
        {
          where: claim.slice(0, 40),
        },
      )
    }
  }
  return disclosures
}

/** A disclosure, or the digest alone where its claim does not matter. */
type Sealed = Pick<Disclosure, 'digest'> & Partial<Pick<Disclosure, 'claim'>>

/**
 * The first of some disclosures that is none of the digests sealed, or has the digest or claim of one before it: where a claim may come
 * twice, each reader can be shown another value. Undefined where all fit.
 */
export function misfitOf<T extends Sealed>(
  sealed: readonly string[],
  disclosures: readonly T[],
): { readonly disclosure: T; readonly why: 'foreign' | 'repeated' } | undefined {
  const digests = new Set<string>()
  const claims = new Set<string>()
  for (const disclosure of disclosures) {
    const { digest, claim } = disclosure
    if (!sealed.includes(digest)) return { disclosure, why: 'foreign' }
    if (digests.has(digest) || (claim !== undefined && claims.has(claim))) return { disclosure, why: 'repeated' }
    digests.add(digest)
    if (claim !== undefined) claims.add(claim)
  }
  return undefined
}

function requireShape(body: StatementBody, { claim, value, digest }: Disclosure): void {
  const { rule, members } = effectiveBody(body)
  const name = claim as SealedClaim
  const result = rule.seals[name]?.safeParse(value)
  if (result?.success === false) throw schemaError(result.error, 'disclosure-claim', claim)
  const why = rule.sealedFault?.(members, name, value, digest)
  if (why !== undefined) throw new EvidenceError('disclosure-claim', `the claim "${claim}" ${why}`, { where: claim })
}

/** Case and exhibit numbers as they are looked up: under NFKC, so that full-width and ordinary brackets find each other. */
export function lookupForm(number: string): string {
  return number.normalize('NFKC').trim()
}

/** Case numbers, in the form of {@link lookupForm}, that disclosures name; a value of another shape names none. */
export function caseNumbersOf(disclosures: readonly Disclosure[]): string[] {
  const numbers = new Set<string>()
  for (const { claim, value } of disclosures) {
    if (claim !== 'case') continue
    const parsed = sealedShapes.case.safeParse(value)
    if (parsed.success) for (const { number } of parsed.data satisfies CaseClaim) numbers.add(lookupForm(number))
  }
  return [...numbers]
}

/** Exhibit numbers, in the form of {@link lookupForm}, that disclosures give what was deposited; a value of another shape gives none. */
export function exhibitNumbersOf(disclosures: readonly Disclosure[]): string[] {
  const numbers = new Set<string>()
  for (const { claim, value } of disclosures) {
    if (claim !== 'collection') continue
    const { exhibit } = sealedShapes.collection.safeParse(value).data ?? {}
    if (exhibit !== undefined) numbers.add(lookupForm(exhibit))
  }
  return [...numbers]
}
