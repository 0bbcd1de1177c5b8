import { EvidenceError } from '../../core/errors.ts'

/** The error `storage-damaged` about a part of the database that is not as it was written; `what` names it. */
export function damaged(what: string, cause?: unknown): EvidenceError {
  return new EvidenceError('storage-damaged', `${what} in the database is damaged`, {}, { cause })
}

/** A read that LevelDB refuses is damage, said in our words. */
export async function readable<T>(read: Promise<T>): Promise<T> {
  try {
    return await read
  } catch (error) {
    throw damaged('a block of a table', error)
  }
}
