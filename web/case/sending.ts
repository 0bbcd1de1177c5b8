import { useRef, useState } from 'preact/hooks'
import { requireAnswerFor } from '../../src/client/deposit-answer.ts'
import { type DepositResult, LedgerClient } from '../../src/client/ledger-client.ts'
import { isEvidenceError } from '../../src/core/errors.ts'
import type { ShownEntries } from '../../src/core/shown.ts'
import { ownPolicy } from '../ui/own-policy.ts'
import { useCase } from './context.ts'

/** What is signed, and what it is signed from: as long as that stays and there is no answer, the same bytes are sent. */
export interface ToSend {
  readonly origin: string
  /** What was typed and chosen, as one text. */
  readonly of: string
  readonly sign: () => Promise<string>
  /** Entries that the signer has, for references to what it may not read. */
  readonly shown?: ShownEntries
}

/** How the sending of something that is signed here goes. */
export interface Sending {
  readonly isBusy: boolean
  readonly trouble: { readonly error: unknown; readonly lead: string } | undefined
  readonly result: DepositResult | undefined
  /** Signs and sends; gives the answer, or undefined where there is trouble. */
  readonly send: (what: ToSend) => Promise<DepositResult | undefined>
}

interface Waiting {
  readonly of: string
  readonly presentation: string
}

const client = new LedgerClient(location.origin, undefined, { retries: 3, timeoutMs: 30_000 })

/** Signs and sends one statement at a time; what was signed and not answered is sent again as it is. */
export function useSending(): Sending {
  const { told } = useCase()
  const [isBusy, setBusy] = useState(false)
  const [trouble, setTrouble] = useState<Sending['trouble']>()
  const [result, setResult] = useState<DepositResult>()
  const waiting = useRef<Waiting | undefined>(undefined)
  const send = async ({ origin, of, sign, shown = new Map() }: ToSend): Promise<DepositResult | undefined> => {
    setBusy(true)
    setTrouble(undefined)
    setResult(undefined)
    try {
      if (waiting.current?.of !== of) waiting.current = { of, presentation: await sign() }
      const { presentation } = waiting.current
      const answer = await client.deposit(presentation, { shown })
      requireAnswerFor(answer, presentation, await ownPolicy(client, origin))
      waiting.current = undefined
      setResult(answer)
      return answer
    } catch (error) {
      const isOpen = isUnanswered(error)
      if (!isOpen) waiting.current = undefined
      setTrouble({ error, lead: isOpen ? told.again : told.trouble })
      return undefined
    } finally {
      setBusy(false)
    }
  }
  return { isBusy, trouble, result, send }
}

/** Whether the ledger may yet take the same bytes: it was busy, away, or answered what proves nothing. */
function isUnanswered(error: unknown): boolean {
  if (!isEvidenceError(error)) return false
  const { status } = error.kind
  return error.code === 'server-unreachable' || error.code === 'server-answer' || status === 429 || status >= 500
}
