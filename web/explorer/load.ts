import { useEffect, useState } from 'preact/hooks'
import { EvidenceError, isEvidenceError } from '../../src/core/errors.ts'
import { useExplorer } from './context.ts'

/** What is loaded: not here yet, here, or refused; `again` asks once more. */
export interface Loaded<T> {
  readonly value?: T
  readonly refusal?: EvidenceError
  readonly again: () => void
}

/** Loads something whenever `key` or the reader changes; what was asked for before and arrives later is not shown. */
export function useLoaded<T>(key: string, load: () => Promise<T>): Loaded<T> {
  const { reader } = useExplorer()
  const [state, setState] = useState<{ readonly key?: string; readonly value?: T; readonly refusal?: EvidenceError }>(
    {},
  )
  const [turn, setTurn] = useState(0)
  const asked = `${turn} ${reader.isReading} ${key}`
  useEffect(() => {
    let isCurrent = true
    load().then(
      (value) => isCurrent && setState({ key: asked, value }),
      (error: unknown) => isCurrent && setState({ key: asked, refusal: refusalOf(error) }),
    )
    return () => {
      isCurrent = false
    }
  }, [asked])
  const again = (): void => setTurn(turn + 1)
  if (state.key !== asked) return { again }
  const { value, refusal } = state
  return { ...(value === undefined ? {} : { value }), ...(refusal === undefined ? {} : { refusal }), again }
}

/** Whatever went wrong, as an error with a code. */
export function refusalOf(error: unknown): EvidenceError {
  if (isEvidenceError(error)) return error
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return new EvidenceError('internal-error', message, {}, { cause: error })
}
