import type { Disclosure } from '../../core/disclosure.ts'
import type { Body } from '../../statements/kind.ts'
import type { Registry } from '../../statements/registry.ts'
import { accessTermsOf, erasedBy, heldSince, sealsItself, takenBy } from '../../statements/said.ts'
import type { ChainState } from '../chain-state.ts'
import { type AccessState, withoutTerms, withReader } from './standing.ts'
import { stateOwnSeal, stateTerms, type Stating } from './terms.ts'

/** An entry as far as it may change what stands. */
export interface Said extends Pick<Stating, 'timeMs' | 'by' | 'history' | 'mayRefer'> {
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
  const erased = erasedBy(body).filter((target) => access.about.has(target.index))
  if (erased.length > 0) return erased.reduce((state, target) => withoutTerms(state, target.index), access)
  const taken = takenBy(body).filter((at) => heldSince(registry, said.by, at) !== undefined)
  if (taken.length > 0) return withCustodian(access, said, taken)
  if (disclosures.length === 0) return access
  const terms = accessTermsOf(body, disclosures)
  if (terms !== undefined) return stateTerms({ ...said, access, registry, index, terms })
  return sealsItself(body, disclosures) ? stateOwnSeal(access, { ...said, index }) : access
}

/** What stands with deposits of which a participant took custody: it reads them while it holds them. */
function withCustodian(
  access: AccessState,
  { by, history }: Pick<Said, 'by' | 'history'>,
  taken: readonly number[],
): AccessState {
  return taken.reduce((state, index) => withReader(state, by, { index, iss: history.target(index)?.iss ?? '' }), access)
}
