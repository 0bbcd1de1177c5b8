import type { Disclosure } from '../../core/disclosure.ts'
import type { Body } from '../../statements/kind.ts'
import type { Registry } from '../../statements/registry.ts'
import { accessTermsOf, erasedBy, heldSince, sealsItself, statesTerms, takenBy } from '../../statements/said.ts'
import type { ChainState } from '../chain-state.ts'
import { type AccessState, withoutTerms, withReader, withTermsGone } from './standing.ts'
import { stateOwnSeal, stateTerms, type Stating } from './terms.ts'

/** An entry as far as it may change what stands. */
export interface Said extends Pick<Stating, 'timeMs' | 'by' | 'history' | 'mayRefer' | 'isAgain'> {
  readonly body: Body | undefined
  /** The disclosures that are kept for it, read. */
  readonly disclosures: readonly Disclosure[]
}

/** What stands after the next entry. Throws as {@link stateTerms}. */
export function accessAfter(
  { size: index, access }: Pick<ChainState, 'size' | 'access'>,
  registry: Registry,
  { body, disclosures, ...said }: Said,
): AccessState {
  const erased = erasedBy(body)
  if (erased.length > 0) {
    const entries = erased.map((target) => target.index)
    return withoutTerms(access, entries, (id, at) => heldSince(registry, id, at) !== undefined)
  }
  const taken = takenBy(body).filter((at) => heldSince(registry, said.by, at) !== undefined)
  if (taken.length > 0) return withCustodian(access, said, taken)
  const terms = accessTermsOf(body, disclosures)
  if (terms !== undefined) return stateTerms({ ...said, access, registry, index, terms })
  if (statesTerms(body)) return withTermsGone(access, index)
  if (disclosures.length === 0) return access
  return sealsItself(body, disclosures) ? stateOwnSeal(access, { ...said, index }) : access
}

/** What stands with deposits of which a participant took custody: it reads them while it holds them. */
function withCustodian(
  access: AccessState,
  { by, history }: Pick<Said, 'by' | 'history'>,
  taken: readonly number[],
): AccessState {
  const deposits = taken.map((index) => ({ index, iss: history.target(index)?.iss ?? '' }))
  return withReader(access, by, deposits)
}
