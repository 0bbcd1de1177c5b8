import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { LedgerClient } from '../../src/client/ledger-client.ts'
import type { Words } from '../../src/words/index.ts'
import type { explorer } from '../../src/words/en/explorer.ts'

/** What every part of the explorer is given. */
export interface Explorer {
  readonly client: LedgerClient
  readonly words: Words
  readonly said: typeof explorer
}

export const ExplorerContext = createContext<Explorer | undefined>(undefined)

export function useExplorer(): Explorer {
  const explorer = useContext(ExplorerContext)
  if (explorer === undefined) throw new Error('a part of the explorer outside it')
  return explorer
}
