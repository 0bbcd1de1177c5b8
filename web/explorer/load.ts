import { useEffect, useState } from 'preact/hooks'
import { EvidenceError, isEvidenceError } from '../../src/core/errors.ts'

/** What is loaded: not here yet, here, or refused. */
export type Loaded<T> = { readonly value?: T; readonly refusal?: EvidenceError }

/** Loads something whenever `key` changes; what an earlier key asked for and arrives later is not shown. */
export function useLoaded<T>(key: string, load: () => Promise<T>): Loaded<T> {
  const [state, setState] = useState<Loaded<T> & { readonly key?: string }>({})
  useEffect(() => {
    let isCurrent = true
    load().then(
      (value) => isCurrent && setState({ key, value }),
      (error: unknown) => isCurrent && setState({ key, refusal: refusalOf(error) }),
    )
    return () => {
      isCurrent = false
    }
  }, [key])
  return state.key === key ? state : {}
}

function refusalOf(error: unknown): EvidenceError {
  if (isEvidenceError(error)) return error
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return new EvidenceError('internal-error', message, {}, { cause: error })
}
