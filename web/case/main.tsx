import type { JSX } from 'preact'
import type { Hashing } from '../../src/check/steps/dropped-set.ts'
import { cases as casesEn } from '../../src/words/en/cases.ts'
import { inLanguage } from '../../src/words/index.ts'
import { cases as casesZh } from '../../src/words/zh/cases.ts'
import { useExplorer } from '../explorer/context.ts'
import { Case } from './case.tsx'
import { CaseContext } from './context.ts'
import { ExhibitPage } from './exhibit.tsx'
import { TakeOver } from './take-over.tsx'

/** A place among the pages of cases: `/case?case=…&exhibit=…`, `/exhibit/7`, `/take-over`. */
export function CasePlace({
  path,
  query,
  hashing,
}: {
  path: string
  query: URLSearchParams
  hashing: Hashing
}): JSX.Element {
  const { language } = useExplorer()
  const told = inLanguage(language, casesEn, casesZh)
  return (
    <CaseContext.Provider value={{ told, hashing }}>
      <Place path={path} query={query} />
    </CaseContext.Provider>
  )
}

function Place({ path, query }: { path: string; query: URLSearchParams }): JSX.Element {
  const exhibit = /^\/exhibit\/([0-9]{1,16})$/.exec(path)
  if (exhibit !== null) return <ExhibitPage index={Number(exhibit[1])} key={exhibit[1]} />
  if (path === '/take-over') return <TakeOver />
  return <Case query={query} />
}
