import { type ErrorCode, EvidenceError, isEvidenceError } from './errors.ts'

/*
 * Refusals as values. Everywhere `codes` are those that count; without any, every refusal does. What is no such refusal is thrown on.
 */

/** The value, or the refusal that making it threw. */
export function attempt<T>(make: () => T, ...codes: readonly ErrorCode[]): T | EvidenceError {
  try {
    return make()
  } catch (error) {
    if (isRefusal(error, codes)) return error
    throw error
  }
}

/** The value, or another where making it threw a refusal. */
export function valueOr<T, Other>(make: () => T, other: Other, ...codes: readonly ErrorCode[]): T | Other {
  const made = attempt(make, ...codes)
  return made instanceof EvidenceError ? other : made
}

/**
 * A function that runs one step of a check and gives its value. What the step refuses is kept, as `as` has it: in `unjudged` where it says
 * that a newer verifier is needed (exit code 4), else in `faults`; the value is undefined then.
 */
export function keepingRefusals<Kept>(
  faults: Kept[],
  unjudged: Kept[],
  as: (refusal: EvidenceError) => Kept,
): <T>(step: () => T) => T | undefined {
  return (step) => {
    const made = attempt(step)
    if (!(made instanceof EvidenceError)) return made
    ;(made.kind.exit === 4 ? unjudged : faults).push(as(made))
    return undefined
  }
}

/** The result of a batch of one. Throws it where it is an error. */
export function onlyOne<T>([result]: readonly T[]): Exclude<T, Error> {
  if (result instanceof Error) throw result
  return result as Exclude<T, Error>
}

/** What a promise resolves to, or the refusal that it rejects with. */
export async function settled<T>(promise: Promise<T>, ...codes: readonly ErrorCode[]): Promise<T | EvidenceError> {
  try {
    return await promise
  } catch (error) {
    if (isRefusal(error, codes)) return error
    throw error
  }
}

/** What a promise resolves to, or another value where it rejects with a refusal. */
export async function settledOr<T, Other>(
  promise: Promise<T>,
  other: Other,
  ...codes: readonly ErrorCode[]
): Promise<T | Other> {
  const value = await settled(promise, ...codes)
  return value instanceof EvidenceError ? other : value
}

/** A refusal as it is; anything else as an `internal-error` with this message, of which it is the cause. */
export function failureOf(error: unknown, message: string): EvidenceError {
  return isEvidenceError(error) ? error : new EvidenceError('internal-error', message, {}, { cause: error })
}

function isRefusal(error: unknown, codes: readonly ErrorCode[]): error is EvidenceError {
  return isEvidenceError(error) && (codes.length === 0 || codes.includes(error.code))
}
