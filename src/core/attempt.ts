import { EvidenceError, isEvidenceError } from './errors.ts'

/** The value, or the refusal that making it threw. Throws on what is no `EvidenceError`. */
export function attempt<T>(make: () => T): T | EvidenceError {
  try {
    return make()
  } catch (error) {
    if (isEvidenceError(error)) return error
    throw error
  }
}

/** The value, or another where making it threw a refusal. Throws on what is no `EvidenceError`. */
export function valueOr<T, Other>(make: () => T, other: Other): T | Other {
  const made = attempt(make)
  return made instanceof EvidenceError ? other : made
}
