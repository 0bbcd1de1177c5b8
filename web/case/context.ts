import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { Hashing } from '../../src/check/steps/dropped-set.ts'
import type { cases } from '../../src/words/en/cases.ts'

/** What every part of the pages of cases is given, besides what the explorer gives. */
export interface Casing {
  readonly told: typeof cases
  readonly hashing: Hashing
}

export const CaseContext = createContext<Casing | undefined>(undefined)

export function useCase(): Casing {
  const given = useContext(CaseContext)
  if (given === undefined) throw new Error('a part of the pages of cases outside them')
  return given
}
