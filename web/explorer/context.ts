import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { LedgerClient } from '../../src/client/ledger-client.ts'
import type { Language, Words } from '../../src/words/index.ts'
import type { explorer } from '../../src/words/en/explorer.ts'
import type { BrowserKey } from '../ui/key.ts'

/** Who reads: nobody in particular, or the owner of the key in this browser. */
export interface Reader {
  /** The id of the key in this browser; undefined where there is none. */
  readonly own: string | undefined
  /** Whether requests are signed with that key. */
  readonly isReading: boolean
  /** Begins to read with the key, or ends it. */
  readonly read: (isReading: boolean) => void
}

/** What every part of the explorer is given. */
export interface Explorer {
  readonly client: LedgerClient
  readonly reader: Reader
  /** The key of this browser, for what is signed here; undefined where there is none. */
  readonly key: BrowserKey | undefined
  readonly language: Language
  readonly words: Words
  readonly said: typeof explorer
}

export const ExplorerContext = createContext<Explorer | undefined>(undefined)

export function useExplorer(): Explorer {
  const explorer = useContext(ExplorerContext)
  if (explorer === undefined) throw new Error('a part of the explorer outside it')
  return explorer
}
